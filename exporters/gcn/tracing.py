"""Front end for torch modules over graphs, called as `model(features, adjacency)`.

The module is traced by `torch.fx` on symbols, so the graph's size does not matter; what was
read is then compared with the module on a small random graph.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import torch
from torch import fx, nn

from exporters.frontends.builder import Unknown
from exporters.frontends.refusals import line, listed_problems, shortened
from exporters.frontends.torch.models import outermost, own_copy
from exporters.frontends.torch.reading import Options, Reading, traced
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


def from_torch(module: Any, adjacency: Any) -> GraphNetwork:
    """The graph network of a torch module in inference mode.

    module    : takes features [nodes, inputs] first and the adjacency second, a sparse matrix,
                or `edge_index` and, third, `edge_weight` where it holds PyTorch Geometric's
                `GCNConv`; stays unchanged
    adjacency : SciPy CSR float64[nodes, nodes]

    Raises `UnsupportedError` with every module or function that cannot be read.
    """
    title = type(outermost(module)).__name__
    root = own_copy(module)
    way = "remove control flow that depends on data"
    reader = _Reader(root, traced(root, _Tracer(), title, way))
    chain = reader.chain()
    _compare(chain, reader, root, title)
    return GraphNetwork(layers_of(chain, adjacency), reader.notes)


class _Tracer(fx.Tracer):  # type: ignore[misc]
    """Enters a model's own modules, not those of torch and of graph libraries."""

    def is_leaf_module(self, module: nn.Module, name: str) -> bool:
        return is_graph_library(module) or super().is_leaf_module(module, name)


class _Reader(Reading):
    """Nodes of a trace as steps of a chain.

    notes : what became of parts that are none in the result
    edges : the module takes edges, not a matrix
    """

    refusals = (*Reading.refusals, UnsupportedError)

    def __init__(self, root: nn.Module, trace: fx.Graph) -> None:
        super().__init__(root, trace)
        self.problems: list[tuple[str, str, str]] = []
        self.notes: dict[str, str] = {}
        self.given: list[str] = []
        self.edges = False

    def chain(self) -> Chain:
        """What the module computes, or `UnsupportedError` with every refusal."""
        result = self.walk()
        if self.problems:
            raise UnsupportedError(listed_problems(self.problems))
        if not isinstance(result, Chain):
            raise UnsupportedError("output: not the scores of the nodes; return one tensor")
        return result

    def read(self, node: fx.Node, args: list[Any], options: Options, held: list[Any]) -> Any:
        """The chain up to a node, what the module was given, or a constant."""
        name = self._name(node)
        if node.op in ("placeholder", "get_attr"):
            return getattr(self, f"_{node.op}")(node)
        if not any(isinstance(each, (Chain, Given)) for each in held):
            return self._constant(node, args, options)
        value = getattr(self, f"_{node.op}")(node, name, args, options)
        if isinstance(value, Chain) and (value.tail or value in held):
            self.notes[name] = f"dropped ({self.title(node).lower()})"
        return value

    def refuse(self, node: fx.Node, error: Exception, held: list[Any]) -> None:
        """Note a refusal with the node's name and kind."""
        self._note(node, line(error))

    def unread(self, node: fx.Node, held: list[Any]) -> Unknown:
        """What reads a refused node: refused itself where its operator is not supported."""
        if self._foreign(node):
            self._note(node, UNREAD)
        return Unknown()

    def _note(self, node: fx.Node, reason: str) -> None:
        self.problems.append((self._name(node), self.title(node), shortened(reason)))

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
        return operator.attrgetter(str(node.target))(self.root)

    def _constant(self, node: fx.Node, args: list[Any], options: Options) -> Any:
        with torch.no_grad():
            if node.op == "call_function":
                return node.target(*args, **options)
            if node.op == "call_method":
                return getattr(args[0], str(node.target))(*args[1:], **options)
            return self.modules[str(node.target)](*args, **options)

    def _call_module(self, node: fx.Node, name: str, args: list[Any], options: Options) -> Any:
        module = self.modules[str(node.target)]
        if title_of(module) == GCN_CONV:
            self.edges = True
            return read_gcn_conv(module, name, *args, **options)
        read = MODULES.get(type(module))
        if read is None:
            raise UnsupportedError("not supported; only graph convolutions A X W are")
        return read(module, name, *args, **options)

    def _call_function(self, node: fx.Node, name: str, args: list[Any], options: Options) -> Any:
        read = FUNCTIONS.get(node.target)
        if read is None:
            raise UnsupportedError(UNREAD)
        return read(name, *args, **options)

    def _call_method(self, node: fx.Node, name: str, args: list[Any], options: Options) -> Any:
        read = METHODS.get(str(node.target))
        if read is None:
            raise UnsupportedError(UNREAD)
        return read(name, *args, **options)

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
