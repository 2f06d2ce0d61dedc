"""Front end for torch: a module, traced by `torch.fx`, becomes a graph.

The caller's module is never touched: a copy in inference mode is read, and the graph is then
compared with that copy on random samples, so that nothing can be misread in silence.
"""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import fx, nn

from exporters.frontends.builder import BATCH, Batch, Builder, Unknown
from exporters.frontends.outputs import TAILS, Tail, choose_output
from exporters.frontends.refs import Ref, RefusedError
from exporters.frontends.refusals import line, plain
from exporters.frontends.reshapes import sliced
from exporters.frontends.taken import of_torch, parts_of
from exporters.frontends.torch.models import (
    Tracer,
    array,
    kind_of,
    leaves,
    outermost,
    outputs_of,
    own_copy,
    value_of,
    with_defaults,
)
from exporters.frontends.torch.programs import batch_of, handler_of, is_program
from exporters.frontends.torch.reading import Options, Reading, answering, traced
from exporters.frontends.torch.table import FUNCTIONS, IN_PLACE, METHODS, MODULES
from exporters.graph import Graph
from onespike_lava.errors import UnsupportedError
from onespike_lava.layers import Shape

TOLERANCE = 1e-3
"""Largest difference between graph and module, relative to the module's largest output."""

ROWS = ("conv1d", "maxpool1d", "avgpool1d", "adaptiveavgpool1d", "adaptivemaxpool1d")
"""Modules and functions of networks that take [N, C, L]."""

WAY = "remove control flow that depends on data, or export it with torch.onnx and give that file"

LATER = (
    *("log", "exp", "squeeze", "flatten", "permute", "transpose"),
    *("detach", "float", "contiguous", "clone"),
)
"""What may follow a softmax at the end, all of it left out."""

COUNTS = "computes with the batch size; use -1 or size(0) as it is"


def from_torch(module: Any, sample_shape: Sequence[int], output: str | None = None) -> Graph:
    """The graph of a torch module in inference mode.

    module       : takes float32[N, *sample_shape] and returns one tensor; stays unchanged
    sample_shape : (C, H, W) or (F,); (C, 1, L) for a 1-D network that takes [N, C, L]
    output       : of several, the key in the dictionary or the number that the module returns

    Nodes are called as their modules (`features.0`), functions as `torch.fx` calls them. A
    softmax at the end is left out. What DataParallel, AveragedModel or torch.compile wrap is
    read in their place; further arguments of `forward` keep their defaults. Raises
    `UnsupportedError` with every module, function or hook that cannot be read.
    """
    if is_program(module):
        root = module.module()
        return _graph(
            _Reader(root, root.graph, tuple(sample_shape)), root, output, "ExportedProgram"
        )
    title = type(outermost(module)).__name__
    root = own_copy(module)
    if kind_of(root) in MODULES:  # tracing would enter a layer that stands alone
        root = nn.Sequential(OrderedDict({title.lower(): root}))
    trace, shape = traced(with_defaults(root), Tracer(), title, WAY), tuple(sample_shape)
    reader = _Reader(root, trace, shape)
    if taken := of_torch(trace, reader.modules, shape):
        taken.check(shape)
    return _graph(reader, root, output, title)


def _graph(reader: _Reader, root: nn.Module, output: str | None, title: str) -> Graph:
    graph = reader.read_graph(output)
    _compare(graph, reader, root, title)
    return graph


class _Reader(Reading):
    """Nodes of a trace as nodes of a graph."""

    def __init__(self, root: nn.Module, trace: fx.Graph, shape: Shape) -> None:
        super().__init__(root, trace)
        self.build = Builder(given=shape, batch=batch_of(trace))
        self.shape = shape
        self.seen = shape
        kinds = {plain(self.title(node)) for node in trace.nodes}
        if len(shape) == 2:
            self.shape = (shape[0], 1, shape[1])
        elif len(shape) == 3 and shape[1] == 1 and kinds.intersection(ROWS):
            self.seen = (shape[0], shape[2])
        self.parts = parts_of(trace, self.modules, self.seen)
        self.output = self.inner = ""
        self.tail: Tail | None = None

    def read_graph(self, chosen: str | None) -> Graph:
        """The graph of the whole module, or of one of its outputs."""
        outputs = outputs_of(self.walk())
        if chosen is not None and chosen not in outputs:
            outputs |= self._inner(chosen)
        try:
            outputs = {key: self.build.ended(each) for key, each in outputs.items()}
        except RefusedError as error:
            raise UnsupportedError(f"output: {error}") from None
        self.output = choose_output(outputs, chosen)
        value = outputs[self.output]
        self.tail = value if isinstance(value, Tail) else None
        if not isinstance(value, (Ref, Tail, Unknown)):
            kind = "the batch size" if isinstance(value, Batch) else type(value).__name__
            self.build.refuse("output", kind, "return tensors only")
        return self.build.finish(value)

    def _inner(self, chosen: str) -> dict[str, Any]:
        """The value of an inner module or function of that name, where there is one."""
        found = [node for node in self.trace.nodes if self._name(node) == chosen]
        values = [self.values[node] for node in found if node in self.values]
        self.inner = found[-1].name if found else ""
        return {chosen: values[-1]} if values else {}

    def expected(self, x: torch.Tensor, module: Callable[..., Any]) -> NDArray[Any]:
        """What the module says to samples: its output that is read, or an inner value."""
        if not self.inner:
            found: NDArray[Any] = outputs_of(module(*self._split(x)))[self.output].numpy()
            return found
        return value_of(self.root, self.trace, self.inner, self._split(x))

    def _split(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Samples as the module's inputs, in its order."""
        if len(self.parts) < 2:
            return [x]
        return [x[:, slice(*part)] for part in self.parts.values() if part is not None]

    def finished(self, logits: torch.Tensor) -> torch.Tensor:
        """What the module computes from its logits: the softmax and the like left out."""
        if self.tail is not None and self.tail.two:
            logits = logits[:, 1:]
        for node in self.tail.steps if self.tail else ():
            if node.op == "call_module":
                logits = self.modules[node.target](logits)
            elif node.op == "call_function":
                logits = node.target(logits, *node.args[1:], **node.kwargs)
            else:
                logits = getattr(logits, node.target)(*node.args[1:], **node.kwargs)
        return logits

    def read(self, node: fx.Node, args: list[Any], options: Options, held: list[Any]) -> Any:
        """The value of a node of the graph, a constant or a size."""
        value = self._tail(node, args, options, held)
        if value is None:
            value = getattr(self, f"_{node.op}")(node, args, options)
        if not any(isinstance(each, (Ref, Tail)) for each in leaves(value)):
            self.build.drop(self._name(node), "a constant or a size")
        if node.target in IN_PLACE or options.get("inplace") or self._is_in_place(node):
            self.values[node.args[0]] = value
        return value

    def refuse(self, node: fx.Node, error: Exception, held: list[Any]) -> None:
        """Refusals have a reason of their own, other errors come from calls in unknown forms."""
        reason = f"called in a form that is not supported ({line(error)})"
        if isinstance(error, RefusedError):
            reason = str(error)
        elif any(isinstance(each, Batch) for each in held):
            reason = COUNTS
        self.build.refuse(self._name(node), self.title(node), reason)

    def unread(self, node: fx.Node, held: list[Any]) -> Unknown:
        """What reads a refused node: refused itself where its operator is not supported."""
        title, unknown = self.title(node), [each for each in held if isinstance(each, Unknown)]
        sizes = node.target in ("size", "dim") or node.args[1:2] == ("shape",)
        if sizes or all(each.sizes for each in unknown):
            return Unknown(sizes=True)
        tables = {"call_module": MODULES, "call_function": FUNCTIONS, "call_method": METHODS}
        called = node.op == "call_module"
        target = kind_of(self.modules[str(node.target)]) if called else node.target
        known = target in tables[node.op] or handler_of(target) is not None
        if known or plain(title) in (*TAILS, *LATER):
            return Unknown()
        return self.build.refuse(self._name(node), title, self.build.not_supported(title))

    def _name(self, node: fx.Node) -> str:
        return str(node.target) if node.op == "call_module" else str(node.name)

    def _tail(self, node: fx.Node, args: list[Any], options: Options, held: list[Any]) -> Any:
        """The value of what comes after the logits; None for a node that does not."""
        kind = plain(self.title(node))
        later = any(isinstance(each, Tail) for each in held)
        if not later and not (kind in TAILS and args and isinstance(args[0], Ref)):
            return None
        dim = options.get("dim", args[1] if len(args) > 1 else None)
        dim = getattr(self.modules.get(str(node.target)), "dim", 1 if kind == "softmax2d" else dim)
        if kind not in (*TAILS, *LATER) or not isinstance(args[0], (Ref, Tail)):
            raise RefusedError(self.build.inside(held))
        dim = None if kind == "sigmoid" else dim
        if kind in TAILS and kind != "sigmoid" and dim is None:
            raise RefusedError("along no dimension; give dim=1, the classes")
        return self.build.tail(self._name(node), kind, args[0], node, dim)

    def _placeholder(self, node: fx.Node, args: list[Any], options: Options) -> Any:
        if self.build.nodes and node.args:
            return node.args[0]  # its default
        if not self.build.nodes:
            self.build.add("input", "input", attrs={"shape": self.shape})
        whole = Ref("input", self.seen)
        if len(self.parts) > 1:
            part = self.parts[node.name]
            if part is None:
                raise RefusedError(
                    f"one of {len(self.parts)} inputs, whose channels of {self.seen[0]} its reader "
                    "does not tell; wrap the module in one that takes all as channels of one tensor"
                )
            keep = [slice(*part), *[slice(None)] * (len(self.seen) - 1)]
            return sliced(self.build, node.name, whole, keep)
        if node.name != "input":
            self.build.notes[node.name] = "converted to input"
        return whole

    def _get_attr(self, node: fx.Node, args: list[Any], options: Options) -> Any:
        return array(operator.attrgetter(str(node.target))(self.root))

    def _call_module(self, node: fx.Node, args: list[Any], options: Options) -> Any:
        module = self.modules[str(node.target)]
        read = MODULES.get(kind_of(module))
        if read is None:
            raise RefusedError(self.build.not_supported(kind_of(module).__name__))
        handler, settings = read(module)
        settings = {key: array(value) for key, value in settings.items()}
        return handler(self.build, str(node.target), *args, **options, **settings)

    def _call_function(self, node: fx.Node, args: list[Any], options: Options) -> Any:
        if any(isinstance(each, Ref) for each in leaves([args, list(options.values())])):
            if node.target is getattr and args[1] == "shape":
                return (BATCH, *args[0].shape)
            handler = FUNCTIONS.get(node.target) or handler_of(node.target)
            if "sym_size" in str(node.target):
                return (BATCH, *args[0].shape)[args[1]]
            if handler is None:
                raise RefusedError(self.build.not_supported(self.title(node)))
            return handler(self.build, node.name, *args, **options)
        if any(isinstance(each, Batch) for each in args):
            raise RefusedError(COUNTS)
        tensors = [torch.as_tensor(each) if isinstance(each, np.ndarray) else each for each in args]
        return array(node.target(*tensors, **options))  # constants and sizes

    def _call_method(self, node: fx.Node, args: list[Any], options: Options) -> Any:
        method = str(node.target)
        if not any(
            isinstance(each, (Ref, Batch)) for each in leaves([args, list(options.values())])
        ):
            first = torch.as_tensor(args[0]) if isinstance(args[0], np.ndarray) else args[0]
            return array(getattr(first, method)(*args[1:], **options))
        if method in ("size", "dim") and isinstance(args[0], Ref):
            shape = (BATCH, *args[0].shape)
            if method == "dim":
                return len(shape)
            chosen = [*args[1:], *options.values()]
            return shape[chosen[0]] if chosen else shape
        if method not in METHODS or not isinstance(args[0], Ref):
            raise RefusedError(self.build.not_supported(method))
        return METHODS[method](self.build, node.name, *args, **options)

    def _is_in_place(self, node: fx.Node) -> bool:
        called = node.op == "call_module" and self.modules[str(node.target)]
        return bool(getattr(called, "inplace", False))


def _compare(graph: Graph, reader: _Reader, module: nn.Module, title: str) -> None:
    """Raise `UnsupportedError` unless graph and module give the same on random samples."""
    count = reader.build.batch or 2
    samples = np.random.default_rng(0).normal(size=(count, *reader.shape)).astype(np.float32)
    with torch.no_grad():
        expected = reader.expected(
            torch.from_numpy(samples.reshape(count, *reader.seen).copy()), answering(module, title)
        )
        logits = torch.from_numpy(graph.evaluate(samples))
        logits = logits.reshape(count, *reader.tail.logits.shape) if reader.tail else logits
        logits = logits.movedim(1, -1) if reader.build.turned else logits
        found = reader.finished(logits).numpy()
    fits = found.size == expected.size
    error = np.abs(found.reshape(expected.shape) - expected).max() if fits else np.inf
    if not error <= TOLERANCE * max(1e-6, np.abs(expected).max()):
        raise UnsupportedError(
            f"{title}: the graph read from it differs from its output by {error:.3g}; it has "
            "effects that torch.fx does not see, export it with torch.onnx and give the ONNX file"
        )
