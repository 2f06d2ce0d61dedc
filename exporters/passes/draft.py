"""A graph under reconstruction: what the passes edit."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import chain, count

from exporters.graph import Graph, Node, infer_shape, is_spiking
from onespike_lava.layers import Shape

LINEAR = ("conv", "linear")
"""Operators that become synapses."""

KEEP_SIGN = (
    *("maxpool", "avgpool", "areas", "flatten", "identity", "add", "concat", "pad", "slice"),
    *("view", "unflatten", "upsample", "total"),
)
"""Operators whose values are not negative where their inputs are not."""


def sends_spikes(node: Node) -> bool:
    """Whether the node's values are spikes: of neurons, the data, a max pool, payloads added."""
    return node.op in ("input", "maxpool", "total") or is_spiking(node)


class Nodes(UserDict[str, Node]):
    """Nodes by name in any order, and who reads each: asked for so often that it is kept."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self._places: dict[str, int] = {}
        self._readers: dict[str, set[str]] = {}
        self._numbers = count()
        super().__init__({node.name: node for node in nodes})

    def __setitem__(self, name: str, node: Node) -> None:
        if name in self.data:
            self._unlink(name)
        else:
            self._places[name] = next(self._numbers)
        super().__setitem__(name, node)
        for each in node.inputs:
            self._readers.setdefault(each, set()).add(name)

    def __delitem__(self, name: str) -> None:
        self._unlink(name)
        super().__delitem__(name)

    def readers(self, name: str) -> list[Node]:
        """The nodes that read `name`, in the order in which their names came."""
        names = sorted(self._readers.get(name, ()), key=self._places.__getitem__)
        return [self.data[each] for each in names]

    def _unlink(self, name: str) -> None:
        for each in set(self.data[name].inputs):
            self._readers[each].discard(name)


@dataclass
class Draft:
    """Nodes, and what became of each node of the source.

    account : source node -> `converted`, `folded into ...`, `dropped (...)`
    sources : source node -> its operator
    blocks  : (rows, columns) of a plane that lie in channels of the output
    free    : whether passes may add neurons; not where the source has its own
    """

    nodes: Nodes
    output: str
    account: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    blocks: tuple[int, int] = (1, 1)
    free: bool = True
    _inferred: dict[str, tuple[Node, list[Shape], Shape]] = field(default_factory=dict)

    @classmethod
    def of(cls, graph: Graph) -> Draft:
        """A draft of the graph; nodes that the output does not need are dropped at once."""
        draft = cls(Nodes(graph.nodes), graph.output)
        needed = {node.name for node in draft.order()}
        unused = "dropped (the output does not need it)"
        draft.account.update(graph.notes)
        draft.sources = {node.name: node.op for node in graph.nodes}
        for name in draft.nodes:
            draft.account[name] = "converted" if name in needed else unused
        draft.nodes = Nodes(node for node in graph.nodes if node.name in needed)
        return draft

    def order(self) -> list[Node]:
        """The nodes that the output needs, sorted so that each follows what it reads."""
        order: dict[str, Node] = {}
        first = self.nodes[self.output]
        stack = [(first, iter(first.inputs))]
        while stack:
            node, inputs = stack[-1]
            waiting = next((name for name in inputs if name not in order), None)
            if waiting is None:
                order[node.name] = node
                stack.pop()
            else:
                stack.append((self.nodes[waiting], iter(self.nodes[waiting].inputs)))
        return list(order.values())

    def graph(self) -> Graph:
        """The nodes that the output needs, as a graph."""
        return Graph(tuple(self.order()), self.output, blocks=self.blocks)

    def title(self, node: Node) -> str:
        """Name and operator of a node as the source has it, for error messages."""
        return f"{node.name} ({self.sources.get(node.name, node.op)})"

    def shapes(self) -> dict[str, Shape]:
        """Shape of each node's value; inferred anew only where the node or its inputs changed."""
        shapes: dict[str, Shape] = {}
        for node in self.order():
            inputs = [shapes[name] for name in node.inputs]
            known = self._inferred.get(node.name)
            if known is None or known[0] is not node or known[1] != inputs:
                known = self._inferred[node.name] = (node, inputs, infer_shape(node, inputs))
            shapes[node.name] = known[2]
        return shapes

    def of_op(self, *ops: str) -> list[Node]:
        """The nodes of these operators, as they stand now, each after what it reads."""
        return [node for node in self.order() if node.op in ops]

    def source(self, node: Node) -> Node:
        """The first node that `node` reads."""
        return self.nodes[node.inputs[0]]

    def readers(self, name: str) -> list[Node]:
        """The nodes that read `name`."""
        return self.nodes.readers(name)

    def only_reader(self, name: str) -> Node | None:
        """The one node that reads `name`; None if it is the output or read more than once."""
        readers = self.readers(name)
        return readers[0] if len(readers) == 1 and name != self.output else None

    def put(self, node: Node) -> None:
        """Add the node, or replace the one of its name."""
        self.nodes[node.name] = node

    def redirect(self, old: str, new: str) -> None:
        """Let everything that reads `old` read `new`."""
        for node in self.readers(old):
            inputs = (new if name == old else name for name in node.inputs)
            self.put(node.with_inputs(*inputs))
        self.output = new if self.output == old else self.output

    def remove(self, node: Node, note: str) -> None:
        """Take out a node of one input; its readers read that input. `note` says why."""
        self.redirect(node.name, node.inputs[0])
        del self.nodes[node.name]
        self.account[node.name] = note

    def swap(self, first: Node, second: Node) -> None:
        """Exchange two nodes of one input, of which only `second` reads `first`."""
        self.redirect(second.name, first.name)
        self.put(replace(second, inputs=first.inputs))
        self.put(replace(first, inputs=(second.name,)))

    def fresh(self, name: str) -> str:
        """The name, or with a number behind it if it is taken."""
        candidates = chain((name,), (f"{name}.{number}" for number in count(2)))
        return next(each for each in candidates if each not in self.nodes)

    def put_relu(self, name: str) -> None:
        """Neurons behind a value that is not negative: a ReLU that changes nothing.

        All that reads the value then reads the ReLU, one that stands there already if any.
        """
        plain = (each for each in self.readers(name) if each.op == "relu" and not each.attrs)
        relu = next(plain, Node(self.fresh(f"{name}.relu"), "relu", (name,)))
        output = self.output
        self.redirect(name, relu.name)
        self.put(relu)
        self.output = output

    def non_negative(self, name: str) -> bool:
        """Whether the value cannot be negative: spikes, and maps without negative weights."""
        waiting, seen = [name], {name}
        while waiting:
            node = self.nodes[waiting.pop()]
            if is_spiking(node):
                continue
            signs = node.op in LINEAR and all((value >= 0).all() for value in node.params.values())
            if not signs and node.op not in KEEP_SIGN:
                return False
            new = [each for each in dict.fromkeys(node.inputs) if each not in seen]
            seen.update(new)
            waiting += new
        return True
