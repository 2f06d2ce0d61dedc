"""Values that may be negative: spikes cannot carry them, so maps of them become maps of spikes.

A linear map of a linear map is one map; a linear map of a sum is a sum of maps. Where that is
not exact, or too large, a pair of neurons carries the positive and the negative part. Each
reader of a signed value gets a copy, so that at the end every linear map reads spikes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from exporters.graph import Node, is_spiking
from exporters.passes import algebra
from exporters.passes.budget import Room
from exporters.passes.compose import compose, composed_size, obstacle
from exporters.passes.draft import LINEAR, Draft, Nodes, sends_spikes
from onespike_lava.layers import Shape


def compose_signed(draft: Draft) -> None:
    """Make every linear map read spikes and every sum a sum of linear maps, where exact.

    Raises `UnsupportedError` where that takes too many maps.
    """
    room = Room.of(draft, "put a ReLU after the sums and maps before it")
    sweep = _Sweep(draft, room)
    for node in draft.order():
        sweep.visit(draft.nodes[node.name])
    sweep.account()
    _separate(draft, room, "add")
    _separate(draft, room, *LINEAR)


class _Sweep:
    """One pass over the nodes, each after what it reads.

    into  : node -> the nodes that it went into
    verbs : node -> how, `merged with` or `composed into`
    pairs : signed node -> the linear map that gives it from its pairs of neurons, and
            `reasons` why
    """

    def __init__(self, draft: Draft, room: Room) -> None:
        self.draft, self.room = draft, room
        self.shapes: dict[str, Shape] = draft.shapes()
        self.into: dict[str, list[str]] = {}
        self.verbs: dict[str, str] = {}
        self.pairs: dict[str, str] = {}
        self.reasons: dict[str, str] = {}

    def visit(self, node: Node) -> None:
        if node.op == "add":
            self._sum(node)
        elif node.op in LINEAR:
            self._map(node)
        elif is_spiking(node) and sends_spikes(self.draft.source(node)):
            self.draft.put(node.with_inputs(self._skip(node.name, node.inputs[0])))

    def account(self) -> None:
        """Say where the nodes went that nothing reads any more, and forget them."""
        draft = self.draft
        needed = {node.name: node for node in draft.order()}
        for name in draft.nodes:
            if name in needed:
                continue
            if name in self.pairs:
                draft.account[name] = f"converted to pairs of neurons ({self.reasons[name]})"
            elif name in self.into:
                draft.account[name] = f"{self.verbs[name]} {', '.join(self.into[name])}"
        draft.nodes = Nodes(needed.values())

    def _sum(self, total: Node) -> None:
        """Sums in a row become one, spikes that are added get a synapse of weight one."""
        inputs: list[str] = []
        self.room.check(total, sum(len(self._terms(name)) for name in total.inputs))
        for name in total.inputs:
            source = self.draft.nodes[name]
            if source.op == "add":
                inputs += source.inputs
                self._note(name, total.name, "merged with")
            else:
                inputs.append(self._skip(total.name, name) if sends_spikes(source) else name)
        for name, times in Counter(inputs).items():
            self.room.take(total, (times - 1) * _weights(self.draft.nodes[name]), times - 1)
        maps = [name for name in inputs if self.draft.nodes[name].op in LINEAR]
        data = [name for name in maps if self._source(name).op == "input"]
        if len(data) < len(inputs) and self.draft.free:
            why = f"{total.name} adds data and spikes, which have different codes"
            inputs = [self._pair(name, why) if name in data else name for name in inputs]
        self.draft.put(total.with_inputs(*inputs))
        self._neurons(total)

    def _terms(self, name: str) -> tuple[str, ...]:
        """What a value adds to a sum: the values of which it is a sum, or itself."""
        node = self.draft.nodes[name]
        return node.inputs if node.op == "add" else (name,)

    def _map(self, node: Node) -> None:
        source = self.draft.source(node)
        if any(each.op not in LINEAR for each in self._summands(source)):
            return  # a flattened value is added, which the check of the result refuses
        reasons = [self._obstacle(each, node) for each in self._summands(source)]
        if any(reasons):
            why = next(each for each in reasons if each)
            if not self.draft.free:
                return  # the check of the result refuses it
            node = node.with_inputs(self._pair(source.name, why))
            self.draft.put(node)
            source = self.draft.source(node)
        if source.op in LINEAR and self._obstacle(source, node) is None:
            self.draft.put(self._composed(source, node, node, 0))
            self._note(source.name, node.name)
        elif source.op == "add":
            self._distribute(node, self._summands(source))
        self._neurons(self.draft.nodes[node.name])

    def _summands(self, node: Node) -> list[Node]:
        """The linear maps whose sum a signed value is; none for spikes."""
        if node.op == "add":
            return [self.draft.nodes[name] for name in node.inputs]
        return [node] if node.op in LINEAR else []

    def _pair(self, name: str, why: str) -> str:
        """A linear map that gives the signed value `name` from pairs of neurons of its own."""
        if name not in self.pairs:
            self.reasons[name] = why
            draft, signed = self.draft, self.draft.nodes[name]
            wide = (2 * self.shapes[name][0], *self.shapes[name][1:])
            names = []
            for each in self._summands(signed):
                names.append(draft.fresh(f"{each.name}.pair"))
                self.room.take(signed, 2 * _weights(each))
                draft.put(algebra.doubled(each, names[-1]))
            if signed.op == "add":
                total = Node(draft.fresh(f"{name}.pair"), "add", tuple(names))
                draft.put(total)
                names = [total.name]
            relu = Node(draft.fresh(f"{names[0]}.relu"), "relu", (names[0],))
            self.pairs[name] = draft.fresh(f"{name}.signed")
            self.room.take(signed, 2 * _skip_weights(self.shapes[name]))
            draft.put(relu)
            draft.put(algebra.differences(self.pairs[name], relu.name, self.shapes[name]))
            self.shapes |= {names[0]: wide, relu.name: wide, self.pairs[name]: self.shapes[name]}
        return self.pairs[name]

    def _distribute(self, node: Node, summands: list[Node]) -> None:
        """`W (A x + B y) = (W A) x + (W B) y`."""
        names = []
        for number, summand in enumerate(summands):
            piece = replace(node, name=self.draft.fresh(f"{node.name}.{number}"))
            if number:
                weight, bias = algebra.affine(piece)
                piece = algebra.with_params(piece, weight, np.zeros_like(bias))
            self.draft.put(self._composed(summand, piece, node, 1))
            self.shapes[piece.name] = self.shapes[node.name]
            self._note(summand.name, node.name)
            names.append(piece.name)
        self._note(self.draft.source(node).name, node.name)
        self.draft.put(Node(node.name, "add", tuple(names)))

    def _composed(self, first: Node, second: Node, node: Node, nodes: int) -> Node:
        """Both maps as one, for `node`, if there is room; `nodes` more than there were."""
        shape = self.shapes[first.inputs[0]]
        self.room.take(node, composed_size(first, second, shape), nodes)
        return compose(first, second, shape)

    def _neurons(self, node: Node) -> None:
        """Neurons of its own for a value that is not negative where something needs spikes.

        A sum of spikes gets them unless neurons or a sum follow; a single map only before a
        max pool or where it cannot be composed with what follows.
        """
        draft = self.draft
        readers = draft.readers(node.name)
        if not draft.free or not draft.non_negative(node.name) or not readers:
            return
        needs = node.op == "add" and not all(_takes_sums(each) for each in readers)
        for reader in readers:
            both = node.op in LINEAR and reader.op in LINEAR
            stuck = both and self._obstacle(node, reader) is not None
            needs = needs or reader.op == "maxpool" or stuck
        if needs:
            draft.put_relu(node.name)
            for relu in draft.readers(node.name):
                self.shapes[relu.name] = self.shapes[node.name]

    def _obstacle(self, first: Node, second: Node) -> str | None:
        return obstacle(first, second, self.shapes[first.inputs[0]])

    def _skip(self, reader: str, source: str) -> str:
        name = self.draft.fresh(f"{reader}.skip")
        self.room.take(self.draft.nodes[reader], _skip_weights(self.shapes[source]))
        self.shapes[name] = self.shapes[source]
        self.draft.put(algebra.identity_map(name, source, self.shapes[source]))
        return name

    def _source(self, name: str) -> Node:
        return self.draft.source(self.draft.nodes[name])

    def _note(self, name: str, where: str, verb: str = "composed into") -> None:
        self.verbs[name] = verb
        self.into.setdefault(name, [])
        if where not in self.into[name]:
            self.into[name].append(where)


def _separate(draft: Draft, room: Room, *ops: str) -> None:
    """A copy of each sum or linear map for every layer of neurons and sum that reads it."""
    for node in draft.of_op(*ops):
        readers = list(filter(_takes_sums, draft.readers(node.name)))
        first = 0 if node.name == draft.output else 1
        for reader in sorted(readers, key=lambda each: not is_spiking(each))[first:]:
            room.take(node, _weights(node))
            copy = replace(node, name=draft.fresh(node.name))
            draft.put(copy)
            inputs = (copy.name if name == node.name else name for name in reader.inputs)
            draft.put(reader.with_inputs(*inputs))


def _takes_sums(node: Node) -> bool:
    """Whether the node may read a sum of linear maps, whatever its sign."""
    return node.op == "add" or is_spiking(node)


def _weights(node: Node) -> int:
    return node.params["weight"].size if node.op in LINEAR else 0


def _skip_weights(shape: Shape) -> int:
    """Weights of `algebra.identity_map`."""
    return shape[0] if len(shape) == 3 else shape[0] ** 2
