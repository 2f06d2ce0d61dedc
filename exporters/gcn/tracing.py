"""Front end for torch modules over graphs, called as `model(features, adjacency)`.

The module is traced by `torch.fx` on symbols, so the graph's size does not matter; what was
read is then compared with the module on a small random graph.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import fx, nn

from exporters.frontends.refusals import line, listed_problems, shortened
from exporters.frontends.torch.models import node_title, outermost, own_copy
from exporters.gcn.chain import Chain, layers_of
from exporters.gcn.pyg import GCN_CONV, is_graph_library, read_gcn_conv, title_of
from exporters.gcn.source import GraphNetwork
from exporters.gcn.table import FUNCTIONS, METHODS, MODULES, Given
from onespike_lava.errors import UnsupportedError

NODES = 12
"""Nodes of the random graph that the reading is tried on."""

TOLERANCE = 1e-3
"""Largest difference between reading and module, relative to the largest score."""

UNREAD = "not supported; rewrite it with supported operations"


class _Unknown:
    """The value of a node that was refused."""


def from_torch(module: Any, adjacency: Any) -> GraphNetwork:
    """The graph network of a torch module in inference mode.

    module    : takes features [nodes, inputs] first and the adjacency second, a sparse matrix,
                or `edge_index` and, third, `edge_weight` where it holds PyTorch Geometric's
                `GCNConv`; stays unchanged
    adjacency : SciPy CSR float64[nodes, nodes]

    Raises `UnsupportedError` with every module or function that cannot be read.
    """
    title = type(outermost(module)).__name__
    copied = own_copy(module)
    try:
        traced = _Tracer().trace(copied)
    except Exception as error:  # whatever the model's own code raises on symbols
        raise UnsupportedError(
            f"{title}: torch.fx cannot follow its forward ({line(error)}); remove control flow "
            "that depends on data"
        ) from error
    reader = _Reader(copied, traced)
    chain = reader.chain()
    _compare(chain, reader, copied, title)
    return GraphNetwork(layers_of(chain, adjacency), reader.notes)


class _Tracer(fx.Tracer):  # type: ignore[misc]
    """Enters a model's own modules, not those of torch and of graph libraries."""

    def is_leaf_module(self, module: nn.Module, name: str) -> bool:
        return is_graph_library(module) or super().is_leaf_module(module, name)


class _Reader:
    """Walks a trace; `values` holds what each of its nodes stands for.

    notes : what became of parts that are none in the result
    edges : the module takes edges, not a matrix
    """

    def __init__(self, root: nn.Module, traced: fx.Graph) -> None:
        self.root, self.traced = root, traced
        self.modules = dict(root.named_modules(remove_duplicate=False))
        self.values: dict[fx.Node, Any] = {}
        self.problems: list[tuple[str, str, str]] = []
        self.notes: dict[str, str] = {}
        self.given: list[str] = []
        self.edges = False

    def chain(self) -> Chain:
        """What the module computes, or `UnsupportedError` with every refusal."""
        result: Any = None
        for node in self.traced.nodes:
            if node.op == "output":
                result = self._argument(node.args[0])
            else:
                self.values[node] = self._value(node)
        if self.problems:
            raise UnsupportedError(listed_problems(self.problems))
        if not isinstance(result, Chain):
            raise UnsupportedError("output: not the scores of the nodes; return one tensor")
        return result

    def _value(self, node: fx.Node) -> Any:
        args = [self._argument(each) for each in node.args]
        options = {key: self._argument(each) for key, each in node.kwargs.items()}
        held: list[Any] = []
        fx.node.map_aggregate([args, list(options.values())], held.append)
        name = self._name(node)
        if any(isinstance(each, _Unknown) for each in held):
            return self._refuse(name, node, UNREAD) if self._foreign(node) else _Unknown()
        try:
            if node.op in ("placeholder", "get_attr"):
                return getattr(self, f"_{node.op}")(node)
            if not any(isinstance(each, (Chain, Given)) for each in held):
                return self._constant(node, args, options)
            value = getattr(self, f"_{node.op}")(node, name, args, options)
        except (TypeError, ValueError, IndexError, AttributeError, UnsupportedError) as error:
            return self._refuse(name, node, line(error))
        if isinstance(value, Chain) and (value.tail or value in held):
            self.notes[name] = f"dropped ({node_title(node, self.modules).lower()})"
        return value

    def _refuse(self, name: str, node: fx.Node, reason: str) -> _Unknown:
        """Note a node that cannot be read, and go on to find the others."""
        self.problems.append((name, node_title(node, self.modules), shortened(reason)))
        return _Unknown()

    def _foreign(self, node: fx.Node) -> bool:
        """Whether no table has a node's operator."""
        if node.op == "call_module":
            module = self.modules[str(node.target)]
            return type(module) not in MODULES and title_of(module) != GCN_CONV
        return node.target not in (FUNCTIONS if node.op == "call_function" else METHODS)

    def _placeholder(self, node: fx.Node) -> Any:
        self.given.append(node.name)
        if len(self.given) > 3:
            raise UnsupportedError("a fourth input; only features, adjacency, weights are known")
        return (Chain(), Given.ADJACENCY, Given.WEIGHTS)[len(self.given) - 1]

    def _get_attr(self, node: fx.Node) -> Any:
        value: Any = self.root
        for part in str(node.target).split("."):
            value = getattr(value, part)
        return value

    def _constant(self, node: fx.Node, args: list[Any], options: dict[str, Any]) -> Any:
        with torch.no_grad():
            if node.op == "call_function":
                return node.target(*args, **options)
            if node.op == "call_method":
                return getattr(args[0], str(node.target))(*args[1:], **options)
            return self.modules[str(node.target)](*args, **options)

    def _call_module(
        self, node: fx.Node, name: str, args: list[Any], options: dict[str, Any]
    ) -> Any:
        module = self.modules[str(node.target)]
        if title_of(module) == GCN_CONV:
            self.edges = True
            return read_gcn_conv(module, name, *args, **options)
        read = MODULES.get(type(module))
        if read is None:
            raise UnsupportedError("not supported; only graph convolutions A X W are")
        return read(module, name, *args, **options)

    def _call_function(
        self, node: fx.Node, name: str, args: list[Any], options: dict[str, Any]
    ) -> Any:
        read = FUNCTIONS.get(node.target)
        if read is None:
            raise UnsupportedError(UNREAD)
        return read(name, *args, **options)

    def _call_method(
        self, node: fx.Node, name: str, args: list[Any], options: dict[str, Any]
    ) -> Any:
        read = METHODS.get(str(node.target))
        if read is None:
            raise UnsupportedError(UNREAD)
        return read(name, *args, **options)

    def _argument(self, value: Any) -> Any:
        return fx.node.map_aggregate(
            value, lambda each: self.values[each] if isinstance(each, fx.Node) else each
        )

    def _name(self, node: fx.Node) -> str:
        """The module that a node belongs to, as the model calls it; else the node's own name."""
        if node.op == "call_module":
            return str(node.target)
        inside = [path for path in node.meta.get("nn_module_stack", {}) if path]
        return str(inside[-1]) if inside else str(node.name)


def _compare(chain: Chain, reader: _Reader, module: nn.Module, title: str) -> None:
    """Raise `UnsupportedError` unless reading and module agree on a small random graph."""
    rng = np.random.default_rng(0)
    dense = rng.random((NODES, NODES)) * (rng.random((NODES, NODES)) < 0.4)
    x = rng.normal(size=(NODES, chain.inputs)).astype(np.float32)
    from scipy import sparse  # type: ignore[import-untyped]

    layers = layers_of(chain, sparse.csr_matrix(dense))
    found = GraphNetwork(layers, {}).evaluate(x.astype(np.float64))
    target, source = np.nonzero(dense)
    edges, weights = torch.tensor(np.stack([source, target])), torch.tensor(dense[target, source])
    matrix = torch.tensor(dense).float().to_sparse()
    given = (edges, weights.float()) if reader.edges else (matrix,)
    with torch.no_grad():
        result = module(torch.from_numpy(x), *given[: len(reader.given) - 1])
        scores = result.numpy()
    if chain.tail:  # the logarithm of a softmax keeps the differences of scores
        scores = np.log(scores) if scores.min() >= 0 else scores
        scores, found = (each - each.mean(1, keepdims=True) for each in (scores, found))
    error = np.abs(found - scores).max() if found.shape == scores.shape else np.inf
    if not error <= TOLERANCE * max(1e-6, np.abs(scores).max()):
        raise UnsupportedError(
            f"{title}: what was read from it differs from its output by {error:.3g}; it has "
            "effects that torch.fx does not see"
        )
