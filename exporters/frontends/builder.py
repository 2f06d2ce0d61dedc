"""What the front ends share: a graph that grows node by node, and refusals gathered at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np

from exporters.frontends.forms import formed, is_turned, turned
from exporters.frontends.outputs import CLASSIFIES, CONSTANT, TAILS, Tail
from exporters.frontends.refs import Ref, RefusedError, Rows
from exporters.frontends.refusals import hint, listed_problems, problem, shortened
from exporters.graph import Graph, GraphError, Node, infer_shape
from exporters.graph.arithmetic import window
from onespike_lava.data.misfit import listed
from onespike_lava.errors import DataError, RefusedNodesError, UnsupportedError
from onespike_lava.layers import Shape


class Batch:
    """The batch size, unknown: a shape as the source network sees it starts with it."""

    def __repr__(self) -> str:
        """As error messages show it."""
        return "N"


BATCH = Batch()


@dataclass(frozen=True)
class Unknown:
    """The value of a node that was refused; what reads it is unknown too.

    sizes : it stands for sizes of such a value
    """

    sizes: bool = False


@dataclass
class Builder:
    """Nodes so far, and the reasons why others cannot be read.

    problems : name of a refused node -> its operator and the reason
    shapes   : of the nodes' values in the graph, without the batch
    notes    : what became of nodes of the source that need none here
    given    : shape of the data, where the source leaves sizes of its input open
    misfits  : linear nodes whose input has another number of values than they take
    turned   : whether the output has its channels last in the source, and in front here
    batch    : the batch size that the source is fixed to, 0 for any
    moved    : elements of values whose order was changed so far
    forms    : values in the form that operators read, as `forms.formed` made them
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    problems: dict[str, tuple[str, str]] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    given: Shape = ()
    misfits: list[str] = field(default_factory=list)
    turned: bool = False
    batch: int = 0
    moved: int = 0
    forms: dict[tuple[str, Shape, bytes], Ref] = field(default_factory=dict)

    def add(
        self,
        op: str,
        name: str,
        inputs: Sequence[Ref] = (),
        params: Mapping[str, Any] | None = None,
        attrs: Mapping[str, Any] | None = None,
        exact: bool = False,
    ) -> Ref:
        """A new node's value; a taken name gets a number. Raises `RefusedError` on a misfit."""
        given = {key: value for key, value in (params or {}).items() if value is not None}
        _check_weights(given)
        if any(isinstance(each, Rows) for each in inputs):
            raise RefusedError(
                "reads axes that are counted into the batch; only linear layers do, reshape before"
            )
        alike = bool(inputs) and _alike(self, op, inputs)
        if not alike and op not in AS_THEY_ARE:
            inputs, given = self._formed(op, inputs, given)
        across = not alike and op not in AS_THEY_ARE and is_turned(self, inputs[0])
        if across:
            given, attrs = turned(given, attrs or {})
        name = self._fresh(name)
        node = Node(name, op, tuple(ref.name for ref in inputs), given, attrs or {}, exact)
        try:
            made = infer_shape(node, [self.shapes[ref.name] for ref in inputs])
        except GraphError as error:
            self.misfits += [name] if op == "linear" else []
            raise RefusedError(str(error).split(": ", 1)[1]) from None
        _check_padding(node, [self.shapes[ref.name] for ref in inputs])
        self.nodes[name], self.shapes[name] = node, made
        if alike:
            return Ref(name, inputs[0].shape, inputs[0].order)
        shape = (made[0], made[2], made[1]) if across and len(made) == 3 else made
        if len(shape) == 3 and any(len(ref.shape) == 2 for ref in inputs):
            return Ref(name, (shape[0], shape[1] * shape[2]))
        return Ref(name, shape)

    def _formed(
        self, op: str, inputs: Sequence[Ref], params: dict[str, Any]
    ) -> tuple[Sequence[Ref], dict[str, Any]]:
        """Inputs as the operator reads them; a linear map takes their order into its weights."""
        if op == "linear" and inputs[0].order is not None and len(inputs[0].shape) == 1:
            size, order = prod(self.shapes[inputs[0].name]), inputs[0].order
            weight = np.asarray(params["weight"])
            if weight.ndim == 2 and weight.shape[1] == len(order) and len(set(order)) == len(order):
                wide = np.zeros((len(weight), size), weight.dtype)
                wide[:, order] = weight
                source = Ref(inputs[0].name, self.shapes[inputs[0].name])
                return [formed(self, source.reshaped((size,)))], {**params, "weight": wide}
        return [formed(self, each) for each in inputs], params

    def drop(self, name: str, why: str) -> None:
        """Note a node of the source that needs none here."""
        self.notes[name] = f"dropped ({why})"

    def reorder(self, name: str, size: int, why: str) -> None:
        """Note a node that only counts elements otherwise; `RefusedError` for too many."""
        self.moved += size
        if self.moved > MOVED_MAX:
            raise RefusedError(
                f"up to here {self.moved} elements change their order, more than {MOVED_MAX}; "
                "move fewer"
            )
        self.drop(name, why)

    def ended(self, value: Any) -> Any:
        """A value as an output: in the form of a node, with the channels in front."""
        if not isinstance(value, Ref):
            return value
        for axis in dict.fromkeys((0, len(value.shape) - 1)):
            try:
                found = formed(self, value.first(axis))
            except RefusedError:
                continue
            self.turned = axis > 0
            if axis:
                self.drop(value.name + ".order", "the network's output has its channels in front")
            return found
        raise RefusedError(
            f"an output {listed(value.shape)} whose elements lie in no plane's order"
        )

    def _classes_first(self, x: Ref, axis: int) -> Ref:
        """Logits with the axis of classes in front, the planes as the network has them."""
        rest = [each for each in range(len(x.shape)) if each != axis]
        try:
            return formed(self, x.transposed((axis, *rest)))
        except RefusedError:
            if len(rest) < 2:
                raise
        return formed(self, x.transposed((axis, *rest[::-1])))  # as old exporters turn planes

    def tail(
        self, name: str, kind: str, x: Ref | Tail, step: Any = None, axis: int | None = None
    ) -> Tail:
        """Leave out a node behind the logits; `kind` is a key of `TAILS`, or what follows one.

        axis : of the classes, counted with the batch; None where it needs none
        """
        tail = Tail(x) if isinstance(x, Ref) else x
        if kind not in TAILS and isinstance(x, Ref):
            raise RefusedError(self.not_supported(kind))
        if isinstance(x, Ref):
            rank = len(x.shape) + 1
            axis = 1 if axis is None else axis % rank
            if axis not in (1, rank - 1):
                raise RefusedError(f"along axis {axis}; only along 1, the classes")
            tail = Tail(self._classes_first(x, axis - 1))
            self.turned = self.turned or axis > 1
        if kind in CONSTANT and tail.logits.shape[0] == 1:
            raise RefusedError(
                f"{kind} of one value gives the same for every sample; end the network before it"
            )
        if kind in CLASSIFIES and tail.turned:
            raise RefusedError("reads one less a probability; classes of the probability only")
        self.drop(name, TAILS.get(kind, "after the logits"))
        if kind == "sigmoid" and tail.logits.shape == (1,):
            logits = self.add("linear", name, [tail.logits], {"weight": [[0.0], [1.0]]})
            tail = Tail(logits, two=True)
        squashed = name if kind == "sigmoid" else tail.squashed
        squashed = "" if kind in CLASSIFIES else squashed
        return replace(tail, steps=(*tail.steps, step), squashed=squashed)

    def inside(self, held: Sequence[Any]) -> str:
        """Why what reads such values is refused: a softmax or sigmoid that is not at the end."""
        if any(isinstance(each, Tail) and each.squashed for each in held):
            return (
                "reads a sigmoid, which only the end of a network may be; use Hardsigmoid, and no "
                "product of two values"
            )
        return "reads a softmax, which only the end of a network may be; move it"

    def refuse(self, name: str, operator: str, reason: str) -> Unknown:
        """Note a node that cannot be read, and go on to find the others."""
        self.problems[name] = (operator, shortened(reason))
        return Unknown()

    def not_supported(self, operator: str) -> str:
        """The reason for an operator that the front end does not know, with a way out."""
        return f"not supported; {hint(operator)}"

    def finish(self, output: object) -> Graph:
        """The graph, or `UnsupportedError` with every refused node.

        Refused nodes do not matter where the output does not read them.
        """
        if isinstance(output, Tail) and output.turned:
            raise UnsupportedError("output: is one less a probability; return the probability")
        squashed = output.squashed if isinstance(output, Tail) else ""
        output = output.logits if isinstance(output, Tail) else output
        if isinstance(output, Ref):
            for name in self.problems:
                self.drop(name, "not supported; the output does not need it")
            return Graph(tuple(self.nodes.values()), output.name, self.notes, squashed)
        if self.given and len(self.problems) == 1 and self.misfits == list(self.problems):
            ((name, found),) = self.problems.items()
            raise DataError(
                f"data: shape {listed(self.given)} does not fit the model, whose "
                f"{problem(name, *found)}; give samples of the size it was trained on"
            )
        if self.problems:
            raise RefusedNodesError(
                listed_problems((name, *found) for name, found in self.problems.items()),
                ((f"{name} ({kind})", reason) for name, (kind, reason) in self.problems.items()),
            )
        raise UnsupportedError("output: not the value of a node; return one tensor")

    def _fresh(self, name: str) -> str:
        number, fresh = 2, name
        while fresh in self.nodes:
            fresh = f"{name}.{number}"
            number += 1
        return fresh


AS_THEY_ARE = ("input", "view")
"""Operators whose inputs may have any shape."""


def _alike(build: Builder, op: str, inputs: Sequence[Ref]) -> bool:
    """Whether the operator works element by element on values of one order."""
    one, *others = inputs
    outside = build.nodes[one.name].op == "input" and one.order is None
    if op not in ("relu", "identity", "add") or outside:
        return False
    return all(
        build.shapes[each.name] == build.shapes[one.name]
        and each.shape == one.shape
        and (each.order is None) == (one.order is None)
        and (each.order is None or bool((each.places == one.places).all()))
        for each in others
    )


def _check_weights(params: Mapping[str, Any]) -> None:
    """Raise `RefusedError` for parameters without values, or with values that are not real."""
    for key, value in params.items():
        array = np.asarray(value)
        if array.dtype.kind == "c":
            raise RefusedError(f"{key} of type {array.dtype}; only real numbers are supported")
        if array.size == 0:
            raise RefusedError(f"{key} {list(array.shape)} holds no values; take the layer out")


MOVED_MAX = 2**26
"""Most elements whose order is kept, all values together."""

PADDED_MAX = 2**14
"""Most places of a plane with padding that is wider than kernel and plane."""


def _check_padding(node: Node, shapes: Sequence[Shape]) -> None:
    """Raise `RefusedError` for zeros around planes that neither kernel nor plane calls for.

    A kernel wider than its plane pads to reach all of it; wider padding is but a slip, and a
    small file with it would stand for a huge network.
    """
    if "padding" not in node.attrs or len(shapes[0]) != 3:
        return
    weight = node.params.get("weight")
    slide, kernel = window(node), node.attrs.get("kernel", (1, 1))
    for axis, size in enumerate(kernel if weight is None else weight.shape[2:]):
        below = slide.dilation[axis] * (size - 1)
        most = max(below, shapes[0][1 + axis])
        found = max(slide.padding[axis::2])
        if found > most and prod(slide.padded(shapes[0])[1:]) > PADDED_MAX:
            what = ("rows", "columns")[axis]
            raise RefusedError(
                f"pads {found} {what} where {shapes[0][1 + axis]} are, more than {most}; pad less"
            )
