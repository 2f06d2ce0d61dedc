"""Numbers at the ends of what there is."""

from dataclasses import replace

import numpy as np

from exporters import PAPER
from exporters.graph import Graph

RECIPES = {"default": {}, "paper": dict(PAPER), "membrane": {**PAPER, "weighting": "membrane"}}


def changed(graph, change):
    """The graph with each layer's weight and bias through `change(name, weight, bias)`."""
    nodes = []
    for node in graph.nodes:
        if "weight" in node.params:
            weight, bias = change(node.name, node.params["weight"], node.params["bias"])
            node = replace(node, params={"weight": weight, "bias": bias})
        nodes.append(node)
    return Graph(tuple(nodes), graph.output)


def only(layer, change):
    return lambda name, w, b: change(w, b) if name == layer else (w, b)


CHANGES = {
    "a layer of zeros": only("conv2", lambda w, b: (w * 0, b * 0)),
    "first layer of zeros": only("conv1", lambda w, b: (w * 0, b * 0)),
    "readout of zeros": only("logits", lambda w, b: (w * 0, b * 0)),
    "all zeros": lambda _, w, b: (w * 0, b * 0),
    "all positive": lambda _, w, b: (abs(w), abs(b)),
    "all negative": lambda _, w, b: (-abs(w), -abs(b)),
    "dead layer": only("conv3", lambda w, b: (-abs(w), -abs(b))),
    "dead channels": only("conv1", lambda w, b: (w * (np.arange(8) % 2)[:, None, None, None], b)),
    "one weight": only("hidden", lambda w, b: (w * (np.arange(w.size) == 5).reshape(w.shape), b)),
    "bias far above weights": only("hidden", lambda w, b: (w, b * 1e5)),
    "channels of all sizes": only(
        "conv2", lambda w, b: (w * np.logspace(-30, 25, 8)[:, None, None, None], b)
    ),
    "weights of all sizes": only(
        "hidden", lambda w, b: (w * np.logspace(-30, 8, 12), b * np.logspace(-30, 8, 16))
    ),
    "tiny": lambda _, w, b: (w * 1e-30, b * 1e-30),
    "subnormal": lambda _, w, b: (w * 1e-42, b * 1e-42),
    "up": only("hidden", lambda w, b: (w * 1e30, b * 1e30)),
    "up and down": lambda name, w, b: (w * {"conv3": 1e30, "hidden": 1e-30}.get(name, 1), b),
}


def edges(x):
    """Samples of the data and some at the ends of the range."""
    ends = np.stack([np.full(x.shape[1:], end, np.float32) for end in (x.min(), x.max(), 0.0)])
    return np.concatenate([x[:3], ends])
