"""What the front ends share: a graph that grows node by node, and refusals gathered at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from exporters.frontends.refusals import hint, listed_problems, problem, shortened
from exporters.graph import Graph, GraphError, Node, infer_shape
from exporters.graph.arithmetic import window
from onespike_lava.data.misfit import listed
from onespike_lava.errors import DataError, UnsupportedError
from onespike_lava.layers import Shape


class RefusedError(ValueError):
    """Why a front end cannot read a node; the builder puts its name and operator in front."""


class Batch:
    """The batch size, unknown: a shape as the source network sees it starts with it."""

    def __repr__(self) -> str:
        """As error messages show it."""
        return "N"


BATCH = Batch()

TAILS = {
    "softmax": "softmax keeps the order of classes",
    "logsoftmax": "log_softmax keeps the order of classes",
    "sigmoid": "the scores are its logits",
    "argmax": "predictions are the argmax of the scores",
}
"""What may stand behind the logits, and why it can be left out; names as in `HINTS`."""

CLASSIFIES = (
    *("argmax", "zipmap", "labelencoder", "arrayfeatureextractor", "topk", "normalizer"),
    "concat",
)
"""What may follow and makes classes of values, whose order then is all that counts."""

CONSTANT = ("softmax", "logsoftmax", "argmax")
"""What gives the same for every single logit."""


@dataclass(frozen=True, repr=False)
class Ref:
    """The value of a node: its name and its shape without the batch.

    The shape is as the source network sees it: (C, H, W), (F,), or (C, L) for the planes of
    (C, H, W) in one row, such as a 1-D network's (C, 1, L).
    """

    name: str
    shape: Shape

    def __repr__(self) -> str:
        """As error messages show it."""
        return self.name


@dataclass(frozen=True)
class Tail:
    """What stands behind the logits, such as their softmax: only an output may be one.

    steps : what the source computes from the logits, as its front end has it
    two   : the source has one logit, of which two scores were made
    squashed : the sigmoid whose values are the result; empty where classes are, or no sigmoid
    turned   : whether larger logits give smaller values, as in `1 - p`
    """

    logits: Ref
    steps: tuple[Any, ...] = ()
    two: bool = False
    squashed: str = ""
    turned: bool = False


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
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    problems: dict[str, tuple[str, str]] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    given: Shape = ()
    misfits: list[str] = field(default_factory=list)

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
        name = self._fresh(name)
        given = {key: value for key, value in (params or {}).items() if value is not None}
        _check_weights(given)
        node = Node(name, op, tuple(ref.name for ref in inputs), given, attrs or {}, exact)
        try:
            shape = infer_shape(node, [self.shapes[ref.name] for ref in inputs])
        except GraphError as error:
            self.misfits += [name] if op == "linear" else []
            raise RefusedError(str(error).split(": ", 1)[1]) from None
        _check_padding(node, [self.shapes[ref.name] for ref in inputs])
        self.nodes[name], self.shapes[name] = node, shape
        if len(shape) == 3 and any(len(ref.shape) == 2 for ref in inputs):
            return Ref(name, (shape[0], shape[1] * shape[2]))
        return Ref(name, shape)

    def drop(self, name: str, why: str) -> None:
        """Note a node of the source that needs none here."""
        self.notes[name] = f"dropped ({why})"

    def tail(self, name: str, kind: str, x: Ref | Tail, step: Any = None) -> Tail:
        """Leave out a node behind the logits; `kind` is a key of `TAILS`, or what follows one."""
        tail = Tail(x) if isinstance(x, Ref) else x
        if kind not in TAILS and isinstance(x, Ref):
            raise RefusedError(self.not_supported(kind))
        if len(tail.logits.shape) != 1:
            shape = ", ".join(map(str, tail.logits.shape))
            raise RefusedError(
                f"is applied to [N, {shape}]; only behind logits [N, F] is {kind} left out"
            )
        if kind in CONSTANT and tail.logits.shape == (1,):
            raise RefusedError(
                f"{kind} of one value gives the same for every sample; end the network before it"
            )
        if kind in CLASSIFIES and tail.turned:
            raise RefusedError("reads one less a probability; classes of the probability only")
        self.drop(name, TAILS.get(kind, "behind the logits"))
        if kind == "sigmoid" and tail.logits.shape == (1,):
            logits = self.add("linear", name, [tail.logits], {"weight": [[0.0], [1.0]]})
            tail = Tail(logits, two=True)
        squashed = name if kind == "sigmoid" else tail.squashed
        squashed = "" if kind in CLASSIFIES else squashed
        return replace(tail, steps=(*tail.steps, step), squashed=squashed)

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
            raise UnsupportedError(
                listed_problems((name, *found) for name, found in self.problems.items())
            )
        raise UnsupportedError("output: not the value of a node; return one tensor")

    def _fresh(self, name: str) -> str:
        number = 2
        fresh = name
        while fresh in self.nodes:
            fresh = f"{name}.{number}"
            number += 1
        return fresh


def _check_weights(params: Mapping[str, Any]) -> None:
    """Raise `RefusedError` for parameters without values, or with values that are not real."""
    for key, value in params.items():
        array = np.asarray(value)
        if array.dtype.kind == "c":
            raise RefusedError(f"{key} of type {array.dtype}; only real numbers are supported")
        if array.size == 0:
            raise RefusedError(f"{key} {list(array.shape)} holds no values; take the layer out")


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
        if found > most:
            what = ("rows", "columns")[axis]
            raise RefusedError(
                f"pads {found} {what} where {shapes[0][1 + axis]} are, more than {most}; pad less"
            )


def choose_output(outputs: Mapping[str, Any], chosen: str | None) -> str:
    """Name of the output that the network's result is.

    outputs : name -> `Ref`, `Tail`, or something else
    chosen  : the caller's choice, None where there is none to make

    Outputs that all stand for the same logits need no choice. Raises `UnsupportedError`.
    """
    if not outputs:
        raise UnsupportedError("output: there is none; export the network with one")
    names = ", ".join(outputs)
    if chosen is not None and chosen not in outputs:
        raise UnsupportedError(f"output: {chosen!r} is not one of {names}; choose one of them")
    unknown = [name for name, each in outputs.items() if not isinstance(each, (Ref, Tail))]
    if chosen is not None or unknown:
        return chosen or unknown[0]
    logits = {each.logits if isinstance(each, Tail) else each for each in outputs.values()}
    if len(logits) > 1:
        raise UnsupportedError(
            f"output: {len(outputs)} of them ({names}); only one is supported, choose it with "
            f"output={next(iter(outputs))!r}, on the command line --model-output"
        )
    plain_ones = [name for name, each in outputs.items() if isinstance(each, Ref)]
    return next(iter(plain_ones or outputs))
