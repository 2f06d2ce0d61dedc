"""NIR graphs by their equations, one Euler step of `dt` after the other: the yardstick.

Written from NIR's text alone: `tau v' = v_leak - v + r i` and so on, spikes above the threshold,
then `v = v_reset`. All nodes act in one step; what recurs was sent one step before.
"""

import nir
import numpy as np

NEURONS = (nir.I, nir.IF, nir.LI, nir.LIF, nir.CubaLI, nir.CubaLIF)


class Euler:
    """Runs a graph; `reset`, `spikes`, `floor` and `if_r` are what NIR does not say."""

    def __init__(self, graph, dt, reset="zero", spikes="one", floor=None, if_r="second"):
        self.nodes, self.dt = graph.nodes, dt
        self.reset, self.spikes, self.floor, self.if_r = reset, spikes, floor, if_r
        self.before = {name: [] for name in self.nodes}
        for one, two in graph.edges:
            recurs = isinstance(self.nodes[one], NEURONS) and one in reached(graph.edges, two)
            self.before[two].append((one, recurs))

    def run(self, sent):
        """Spikes, or potentials of what never fires, [T, *shape] of each node by its name.

        sent : what the input sends, [T, *shape]
        """
        self.v, self.u, past = {}, {}, []
        for x in sent:
            now = {each: x for each, node in self.nodes.items() if isinstance(node, nir.Input)}
            while len(now) < len(self.nodes):
                for name, node in self.nodes.items():
                    before = self.before[name]
                    if name in now or any(not late and one not in now for one, late in before):
                        continue
                    values = [self.late(past, one) if late else now[one] for one, late in before]
                    now[name] = self.node(name, node, sum(np.asarray(v, float) for v in values))
            past.append(now)
        return {name: np.stack([each[name] for each in past]) for name in self.nodes}

    def late(self, past, name):
        return past[-1][name] if past else np.zeros(self.nodes[name].output_type["output"])

    def node(self, name, node, x):
        kind = type(node).__name__
        if kind == "Output":
            return x
        if kind == "Flatten":
            return x.reshape(-1)
        if kind in ("Linear", "Affine"):
            return node.weight.astype(float) @ x + getattr(node, "bias", 0)
        if kind == "Scale":
            return node.scale * x
        if kind == "Conv2d":
            return conv(x, node) + node.bias.reshape(-1, 1, 1)
        if kind in ("SumPool2d", "AvgPool2d"):
            summed = pool(x, node)
            return summed / np.prod(node.kernel_size) if kind == "AvgPool2d" else summed
        if kind == "Delay":
            return self.delayed(name, node, x)
        return self.neuron(name, node, kind, x)

    def delayed(self, name, node, x):
        queue = self.u.setdefault(name, [])
        queue.append(x)
        late = np.rint(node.delay / self.dt).astype(int)
        found = np.zeros(x.shape)
        for at in np.ndindex(*x.shape):
            if late[at] < len(queue):
                found[at] = queue[-1 - late[at]][at]
        return found

    def neuron(self, name, node, kind, x):
        v = self.v.get(name, np.array(getattr(node, "v_reset", np.zeros(x.shape)), float))
        if kind in ("CubaLIF", "CubaLI"):
            u = self.u.get(name, np.zeros(x.shape))
            u = u + self.dt / node.tau_syn.astype(float) * (node.w_in * x - u)
            self.u[name] = x = u
        if kind in ("IF", "I"):
            v = v + node.r.astype(float) * (1 if self.if_r == "step" else self.dt) * x
        else:
            tau = (node.tau_mem if kind.startswith("Cuba") else node.tau).astype(float)
            v = v + self.dt / tau * (node.v_leak - v + node.r.astype(float) * x)
        if kind in ("I", "LI", "CubaLI"):
            self.v[name] = v
            return v
        fired = (v > node.v_threshold).astype(float)
        if self.spikes != "one":
            most = 255 if self.spikes == "many" else self.spikes
            fired = np.clip(np.floor(v / node.v_threshold), 0, most)
        if self.reset == "zero":
            v = np.where(fired > 0, node.v_reset, v)
        else:
            v = v - fired * node.v_threshold
        self.v[name] = v if self.floor is None else np.maximum(v, self.floor)
        return fired


def reached(edges, start):
    """Every node that a node leads to, itself among them."""
    found, more = {start}, [start]
    while more:
        here = more.pop()
        new = {two for one, two in edges if one == here} - found
        found |= new
        more += new
    return found


def conv(x, node):
    """One plain sum a place."""
    stride, dilation = (np.broadcast_to(each, 2) for each in (node.stride, node.dilation))
    weight = node.weight.astype(float)
    outputs, inputs, rows, columns = weight.shape
    padding = np.zeros(2, int)
    if not isinstance(node.padding, str):
        padding = np.broadcast_to(node.padding, 2)
    elif node.padding == "same":
        padding = dilation * (np.array([rows, columns]) - 1) // 2
    padded = np.pad(x, ((0, 0), *((int(p), int(p)) for p in padding)))
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, (rows, columns), strict=True)]
    size = [(padded.shape[1 + a] - reach[a]) // stride[a] + 1 for a in (0, 1)]
    found, each = np.zeros((outputs, *size)), outputs // node.groups
    for o, row, column in np.ndindex(*found.shape):
        first = o // each * inputs
        top, left = row * stride[0], column * stride[1]
        part = padded[
            first : first + inputs,
            top : top + reach[0] : dilation[0],
            left : left + reach[1] : dilation[1],
        ]
        found[o, row, column] = (weight[o] * part).sum()
    return found


def pool(x, node):
    channels, kernel = len(x), [int(each) for each in np.broadcast_to(node.kernel_size, 2)]
    ones = np.ones((channels, 1, *kernel))
    summing = nir.Conv2d(None, ones, node.stride, node.padding, 1, channels, np.zeros(channels))
    return conv(x, summing)
