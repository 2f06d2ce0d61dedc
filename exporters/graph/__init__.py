"""The source network as data, and what its operators compute.

node       : one operation, its parameters and settings
graph      : nodes in order, checked at construction, evaluated in NumPy
operators  : shape inference and arithmetic of each operator, by name
arithmetic : the float32 arithmetic itself
"""

from exporters.graph.graph import (
    VALUES_LIMIT,
    Array,
    Graph,
    GraphError,
    Node,
    Observer,
    infer_shape,
)

__all__ = [
    "VALUES_LIMIT",
    "Array",
    "Graph",
    "GraphError",
    "Node",
    "Observer",
    "infer_shape",
]
