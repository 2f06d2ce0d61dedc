"""Networks that step, drawn: convolutions, pools, joins and neurons of every form."""

import numpy as np

from exporters.form import Form
from exporters.graph import Graph, Node, Stepping

FORMS = {
    "if": {},
    "if soft": {"reset": "subtract"},
    "if strict": {"fire": "gt"},
    "half": {"keep_v": 0.5, "gain": 0.5},
    "half soft": {"keep_v": 0.5, "reset": "subtract"},
    "half strict": {"keep_v": 0.5, "fire": "gt"},
    "half late": {"keep_v": 0.5, "fire": "gt", "reset": "late_subtract"},
    "quarter floor": {"keep_v": 0.25, "floor": -0.5, "reset": "subtract"},
    "leak": {"keep_v": 0.9, "gain": 0.1},
    "leak late": {"keep_v": 0.9, "fire": "gt", "reset": "late_subtract"},
    "cuba": {"keep_u": 0.5, "keep_v": 0.75},
    "count": {"fire": "count", "reset": "subtract", "floor": -1.0},
    "count leak": {"fire": "count", "reset": "subtract", "keep_v": 0.5},
    "keep": {"keep_v": 0.5, "reset": "keep"},
    "start": {"start": 0.5, "reset": "subtract"},
}
"""Forms of neurons, by what is not the default; `per channel` shapes are drawn too."""

EXACT = tuple(name for name in FORMS if "leak" not in name or name == "count leak")
EXACT = tuple(name for name in EXACT if name != "cuba")
"""Those whose integers are exact with any number of fraction bits."""


class Maker:
    """Draws the nodes of one network."""

    def __init__(self, seed, form):
        self.random = np.random.default_rng(seed)
        self.form = form
        self.nodes = []

    def add(self, op, name, inputs=(), params=None, **attrs):
        exact = op != "input"
        self.nodes.append(Node(name, op, tuple(inputs), params or {}, attrs, exact))
        return name

    def conv(self, name, source, channels, inputs, size=3, **attrs):
        weight = self.random.normal(0.15, 1, (channels, inputs, size, size)) / (size * inputs**0.5)
        params = {
            "weight": np.float32(weight),
            "bias": np.float32(self.random.normal(0, 0.1, channels)),
        }
        if FORMS[self.form].get("keep_u"):
            params.pop("bias")
        return self.add("conv", name, [source], params, padding=(size // 2,) * 4, **attrs)

    def linear(self, name, source, outputs, inputs):
        weight = self.random.normal(0.1, 2, (outputs, inputs)) / inputs**0.5
        return self.add("linear", name, [source], {"weight": np.float32(weight)})

    def neurons(self, name, source, shape):
        options = dict(FORMS[self.form])
        threshold = self.random.choice([0.5, 1.0, 0.75], shape[0])
        threshold = threshold.reshape(-1, *[1] * (len(shape) - 1)) * options.get("gain", 1.0)
        form = Form(threshold if self.random.random() < 0.5 else threshold.flat[0], **options)
        full = {
            key: np.broadcast_to(v, shape) if v.size > 1 else v for key, v in form.numbers().items()
        }
        return self.add("neuron", name, [source], full, **form.settings())


def network(seed, form, steps=6, input="constant", **options):
    """Two convolutions, a norm, a pool, a join of spikes, one of currents, a linear end."""
    make = Maker(seed, form)
    x = make.add("input", "input", shape=(2, 8, 8))
    at = make.conv("c1", x, 4, 2)
    norm = {"gamma": np.full(4, 1.2), "beta": np.zeros(4), "mean": np.zeros(4), "var": np.ones(4)}
    at = make.add("batchnorm", "bn", [at], norm, eps=0.0)
    first = make.neurons("n1", at, (4, 8, 8))
    second = make.neurons("n2", make.conv("c2", first, 4, 4), (4, 8, 8))
    joined = make.add("add", "join", [first, second])
    at = make.add("avgpool" if seed % 2 else "maxpool", "pool", [joined], kernel=(2, 2))
    at = make.conv("c3", at, 5, 4)
    if seed % 3:
        skip = make.conv("c4", joined, 5, 4, size=1, stride=(2, 2))
        at = make.add("add", "sum", [at, skip])
    at = make.neurons("n3", at, (5, 4, 4))
    at = make.add("flatten", "flat", [at])
    at = make.linear("fc", at, 6, 80)
    if options.get("potential") or seed % 4 == 3:
        at = make.neurons("n4", at, (6,))
    return Stepping(Graph(tuple(make.nodes), at), steps, input, **options)


def samples(source, count=12, seed=0):
    """Samples on a grid that begins at 0, or events."""
    shape = source.graph.shapes()["input"]
    random = np.random.default_rng(seed)
    if source.input == "events":
        return random.integers(0, 3, (count, source.steps, *shape)).astype(np.uint8)
    return (random.integers(0, 256, (count, *shape)) / 255).astype(np.float32)
