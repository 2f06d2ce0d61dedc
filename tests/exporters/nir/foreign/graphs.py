"""Drawn NIR graphs as other tools write them, whose numbers are exact in float32."""

import nir
import numpy as np

from tests.exporters.nir.stepping import DT

STEPS = 7
"""Halved in each step, a state needs one binary digit less than there are steps."""


class Foreign:
    """A graph that grows node by node; weights are multiples of `2**-grid`, up to 60 of them."""

    def __init__(self, seed, reset="zero", if_r="second", leaks=True, starts=True):
        self.rng = np.random.default_rng(seed)
        self.if_r, self.leaks, self.starts = if_r, leaks, starts and reset == "zero"
        self.grid = int(self.rng.integers(0, 8))
        self.nodes, self.edges = {}, []

    def chance(self, share=0.5):
        return bool(self.rng.random() < share)

    def add(self, node, *before, name=None):
        name = name or f"{type(node).__name__.lower()}.{len(self.nodes)}"
        self.nodes[name] = node
        self.edges += [(each, name) for each in before]
        return name

    def input(self, *shape):
        return self.add(nir.Input(np.array(shape)), name="in")

    def weight(self, *shape):
        whole = np.rint(self.rng.normal(4, 20, shape)).clip(-60, 60)
        return (whole / 2.0**self.grid).astype(np.float32)

    def conv(self, before, inputs, outputs, padding=1, stride=1, groups=1, bias=True):
        weight = self.weight(outputs, inputs // groups, 3, 3)
        offset = self.weight(outputs) if bias else np.zeros(outputs, np.float32)
        return self.add(nir.Conv2d(None, weight, stride, padding, 1, groups, offset), before)

    def dense(self, before, inputs, outputs, bias=True):
        weight = self.weight(outputs, inputs)
        node = nir.Affine(weight, self.weight(outputs)) if bias else nir.Linear(weight)
        return self.add(node, before)

    def pool(self, before, kind):
        return self.add(kind(*(np.array(pair) for pair in ((2, 2), (2, 2), (0, 0)))), before)

    def neurons(self, *before, shape, kind=None, unit=30):
        """Any kind that fires, above some `unit` weights."""
        kinds = [nir.IF, nir.LIF, nir.CubaLIF] if self.leaks else [nir.IF]
        kind = kind or kinds[int(self.rng.integers(len(kinds)))]
        return self.add(self.neuron(kind, shape, unit), *before)

    def neuron(self, kind, shape, unit=30):
        full = lambda value: np.full(shape, value, np.float32)  # noqa: E731
        channel = (-1, *[1] * (len(shape) - 1))
        r = self.rng.choice([1.0, 2.0, 4.0], shape[0]).reshape(channel) * full(1)
        fields = {"r": r / DT if kind in (nir.IF, nir.I) and self.if_r == "second" else r}
        gain = r / 2.0**self.grid
        if kind not in (nir.IF, nir.I):
            taus = [DT, 2 * DT] if kind not in (nir.CubaLIF, nir.CubaLI) else [2 * DT]
            tau = self.rng.choice(taus, shape[0]).reshape(channel) * full(1)
            leak = gain * np.rint(self.rng.normal(0, 8, shape)) if self.chance() else full(0)
            gain = gain * DT / tau
            fields |= {"tau": tau, "v_leak": leak * 2}
        if kind in (nir.CubaLIF, nir.CubaLI):
            fields["tau_mem"] = fields.pop("tau")
            fields["tau_syn"] = full(self.rng.choice([DT, 2 * DT]))
            fields["w_in"] = full(self.rng.choice([1.0, 2.0]))
            gain = gain * fields["w_in"] * DT / fields["tau_syn"]
        if kind not in (nir.I, nir.LI, nir.CubaLI):
            whole = np.rint(self.rng.uniform(unit, 4 * unit, shape))
            start = full(0)
            if self.starts and self.chance():
                start = gain * np.rint(self.rng.normal(0, 8, shape))
            fields |= {"v_threshold": start + gain * whole, "v_reset": start}
        return kind(**{key: value.astype(np.float32) for key, value in fields.items()})

    def end(self, *before):
        self.add(nir.Output(None), *before, name="out")
        return nir.NIRGraph(self.nodes, self.edges)  # infers shapes


def drawn(seed, **options):
    """A graph with pools, two branches, recurrence, a delay, an inner graph; and its channels."""
    make = Foreign(seed, **options)
    at = make.input(2, 6, 8)
    at = make.conv(at, 2, 4, bias=False if make.leaks else make.chance())
    one = make.neurons(at, shape=(4, 6, 8), kind=nir.IF)
    pooled = make.pool(one, nir.SumPool2d if make.chance() else nir.AvgPool2d)
    left = make.conv(pooled, 4, 4, bias=False)
    right = make.conv(pooled, 4, 4, groups=2, bias=False)
    at = make.neurons(left, right, shape=(4, 3, 4))
    if make.chance():
        late = (make.rng.integers(0, 3, (4, 3, 4)) * DT).astype(np.float32)
        at = make.add(nir.Delay(late), at)
    at = make.add(nir.Flatten(np.array([4, 3, 4]), 0), at)
    at = make.dense(at, 48, 9, bias=False)
    if make.chance():
        at = inner(make, at, 9)
    else:
        loop = f"loop.{len(make.nodes)}"
        at = make.neurons(at, loop, shape=(9,))
        make.add(nir.Linear(make.weight(9, 9)), at, name=loop)
    if make.chance(0.3):  # scores of a plain sum
        return make.end(make.dense(at, 9, 4, bias=False))
    at = make.dense(at, 9, 4, bias=False)
    if make.chance(0.4):
        return make.end(make.neurons(at, shape=(4,)))
    kinds = [nir.I, nir.LI, nir.CubaLI] if make.leaks else [nir.I]
    node = make.neuron(kinds[int(make.rng.integers(len(kinds)))], (1,))
    return make.end(make.add(type(node)(**{
        key: np.full(4, value.item(), np.float32)
        for key, value in vars(node).items()
        if isinstance(value, np.ndarray)
    }), at))  # fmt: skip


def inner(make, before, size):
    """Recurrent neurons as a graph of its own, as some tools write them."""
    nodes = {
        "input": nir.Input(np.array([size])),
        "lif": make.neuron(nir.LIF if make.leaks else nir.IF, (size,)),
        "back": nir.Linear(make.weight(size, size)),
        "output": nir.Output(np.array([size])),
    }
    edges = [("input", "lif"), ("lif", "back"), ("back", "lif"), ("lif", "output")]
    graph = nir.NIRGraph(nodes, edges, type_check=False)
    return make.add(graph, before, name="recurrent")


def laid_flat(graph):
    """The same graph without graphs inside, for the yardstick."""
    nodes, edges = {}, []
    for name, node in graph.nodes.items():
        if isinstance(node, nir.NIRGraph):
            nodes |= {f"{name}.{each}": below for each, below in node.nodes.items()}
            nodes[f"{name}.input"] = nir.Scale(np.float32(1))
            edges += [(f"{name}.{one}", f"{name}.{two}") for one, two in node.edges]
        else:
            nodes[name] = node
    for one, two in graph.edges:
        first = f"{one}.output" if f"{one}.output" in nodes else one
        second = f"{two}.input" if f"{two}.input" in nodes else two
        edges.append((first, second))
    return nir.NIRGraph(nodes, edges, type_check=False)
