"""Source networks for tests of every stage of a conversion."""

import numpy as np

from exporters.calibration.codes import chosen
from exporters.calibration.coding import InputCoding
from exporters.calibration.grid import input_grid
from exporters.calibration.walk import calibrate
from exporters.graph import Graph, Node
from exporters.recipe import Recipe

MEAN = np.array([0.4, 0.5, 0.3])[:, None, None]


def cnn(seed=0, scale=1.4, classes=5):
    """A small network: padded convolution, max pool, skip connection, linear layer."""
    rng = np.random.default_rng(seed)

    def layer(*shape):
        return {
            "weight": rng.normal(size=shape) * scale / np.sqrt(np.prod(shape[1:])),
            "bias": rng.normal(size=shape[0]) * 0.1,
        }

    pad = {"padding": (1, 1, 1, 1)}
    nodes = (
        Node("image", "input", attrs={"shape": (3, 8, 8)}),
        Node("conv1", "conv", ("image",), layer(8, 3, 3, 3), pad),
        Node("relu1", "relu", ("conv1",)),
        Node("conv2", "conv", ("relu1",), layer(8, 8, 3, 3), pad),
        Node("add", "add", ("conv2", "relu1")),
        Node("relu2", "relu", ("add",)),
        Node("pool", "maxpool", ("relu2",), attrs={"kernel": (2, 2)}),
        Node("conv3", "conv", ("pool",), layer(12, 8, 3, 3), {"stride": (2, 2)}),
        Node("relu3", "relu", ("conv3",)),
        Node("flatten", "flatten", ("relu3",)),
        Node("hidden", "linear", ("flatten",), layer(16, 12)),
        Node("relu4", "relu", ("hidden",)),
        Node("logits", "linear", ("relu4",), layer(classes, 16)),
    )
    return Graph(nodes, "logits")


def images(samples=120, seed=0):
    """Normalised 8-bit pixels, float32[samples, 3, 8, 8]."""
    whole = np.random.default_rng(seed).integers(0, 256, (samples, 3, 8, 8))
    return ((whole / 255 - MEAN) / 0.25).astype(np.float32)


def walked(graph, x, recipe=None, histograms=None):
    """What a calibration tells of a prepared graph, with the default recipe.

    histograms : takes those of each spiking node
    """
    recipe = Recipe() if recipe is None else recipe
    grid = input_grid(x, recipe.bits, None)
    coding = InputCoding.of(graph.input.name, x.shape[1:], grid, recipe)

    def choose(node, found):
        if histograms is not None:
            histograms[node.name] = found
        return chosen(found, node.inputs[0], recipe)

    return calibrate(graph, x, coding, recipe, choose)
