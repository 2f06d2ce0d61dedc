"""The source network as data, and what its operators compute.

node       : one operation, its parameters and settings
arithmetic : the float32 arithmetic itself
operators  : shape inference and arithmetic of each operator, by name
execution  : the one executor, a node or all of them
graph      : nodes in order, checked at construction, evaluated in NumPy
stepping   : a graph of one step with neurons, and what is read of it over the steps
"""

from exporters.graph.execution import Observer
from exporters.graph.graph import VALUES_LIMIT, Graph, infer_shape
from exporters.graph.node import Array, GraphError, Node
from exporters.graph.operators import is_spiking
from exporters.graph.stepping import Stepping

__all__ = [
    "VALUES_LIMIT",
    "Array",
    "Graph",
    "GraphError",
    "Node",
    "Observer",
    "Stepping",
    "infer_shape",
    "is_spiking",
]
