"""Randomly drawn source networks over every operator."""

import numpy as np

from exporters.graph import Graph, Node


class Drawn:
    """A network that grows block by block from draws of a seeded generator."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.nodes = []
        rows = int(self.rng.integers(1, 3)) * 4
        shape = (int(self.rng.integers(1, 4)), 1 if self.rng.random() < 0.2 else rows, 8)
        self.value = self.add("input", attrs={"shape": shape})

    def add(self, op, *inputs, params=None, attrs=None):
        name = f"{op}{len(self.nodes)}"
        self.nodes.append(Node(name, op, inputs, params or {}, attrs or {}))
        return name

    def shape(self, name):
        return Graph(tuple(self.nodes), name).shapes()[name]

    def pick(self, *choices):
        return choices[int(self.rng.integers(len(choices)))]

    def conv(self, source, kernel=None, pad=None, stride=1, groups=1, outputs=None, bias=True):
        channels, rows, columns = self.shape(source)
        kernel = kernel or (min(rows, self.pick(1, 3)), min(columns, self.pick(1, 2, 3)))
        dilation = tuple(self.pick(1, 2) if 2 * (k - 1) < size else 1
                         for k, size in zip(kernel, (rows, columns), strict=True))  # fmt: skip
        pad = pad or tuple(int(each) for each in self.rng.integers(0, 2, 4))
        outputs = outputs or groups * int(self.rng.integers(1, 4))
        weight = self.rng.normal(size=(outputs, channels // groups, *kernel))
        weight *= 1.5 / np.sqrt(weight[0].size)
        params = {"weight": weight}
        if bias:
            params["bias"] = self.rng.normal(size=outputs) * 0.2
        strides = tuple(stride if size > 3 else 1 for size in (rows, columns))
        attrs = {"stride": strides, "padding": pad, "dilation": dilation, "groups": groups}
        return self.add("conv", source, params=params, attrs=attrs)

    def same(self, source, outputs=None):
        """A 3 x 3 convolution that keeps the size."""
        channels = outputs or self.shape(source)[0]
        name = self.conv(source, (3, 3), (1, 1, 1, 1), outputs=channels)
        attrs = {"padding": (1, 1, 1, 1)}
        self.nodes[-1] = Node(name, "conv", (source,), self.nodes[-1].params, attrs)
        return name

    def norm(self, source):
        channels = self.shape(source)[0]
        params = {
            "gamma": self.rng.normal(size=channels),
            "beta": self.rng.normal(size=channels) * 0.3,
            "mean": self.rng.normal(size=channels) * 0.3,
            "var": self.rng.uniform(0.3, 1.5, channels),
        }
        return self.add("batchnorm", source, params=params, attrs={"eps": 1e-5})

    def relu(self, source):
        clip = self.pick(None, None, 1.5)
        return self.add("relu", source, attrs={"clip": clip} if clip else {})

    def plain(self):
        groups = self.shape(self.value)[0] if self.rng.random() < 0.3 else 1
        x = self.conv(self.value, stride=self.pick(1, 2), groups=groups)
        x = self.norm(x) if self.rng.random() < 0.5 else x
        self.value = self.relu(x)

    def residual(self):
        """With a ReLU behind the sum, or a signed stream that 1 x 1 convolutions read."""
        start = self.value
        x = self.same(self.relu(self.norm(self.same(start))), self.shape(start)[0])
        self.value = self.add("add", x, start)
        if self.rng.random() < 0.5:
            more = self.conv(self.relu(self.norm(self.value)), (1, 1), (0,) * 4,
                             outputs=self.shape(start)[0])  # fmt: skip
            self.value = self.add("add", more, self.value)
            x = self.conv(self.value, (1, 1), (0,) * 4)
            self.value = self.norm(x)
        self.value = self.relu(self.norm(self.value))

    def option_a(self):
        channels, *planes = self.shape(self.value)
        if min(planes) < 2:
            return
        stop, step = (channels, *planes), (1, 2, 2)
        cut = self.add("slice", self.value, attrs={"start": (0,) * 3, "stop": stop, "step": step})
        wide = self.add("pad", cut, attrs={"channels": (1, 2)})
        x = self.conv(self.value, (1, 1), (0,) * 4, stride=1, outputs=channels + 3)
        attrs = {"kernel": (1, 1), "stride": (2, 2)}
        self.value = self.relu(self.add("add", self.add("avgpool", x, attrs=attrs), wide))

    def dense(self):
        """Concatenations of concatenations, batch norm and ReLU before each convolution."""
        features = self.value
        for _ in range(2):
            new = self.same(self.relu(self.norm(features)), 2)
            features = self.add("concat", features, new)
        x = self.conv(self.relu(self.norm(features)), (1, 1), (0,) * 4)
        rows, columns = (min(2, size) for size in self.shape(x)[1:])
        self.value = self.relu(self.add("avgpool", x, attrs={"kernel": (rows, columns)}))

    def branches(self):
        """Two branches and the value itself; the concatenation is pooled, then split again."""
        parts = [self.relu(self.same(self.value, 2)), self.same(self.value, 2), self.value]
        x = self.relu(self.add("concat", *parts))
        attrs = {"kernel": (3, 3), "stride": (1, 1), "padding": (1, 1, 1, 1)}
        x = self.add(self.pick("maxpool", "avgpool"), x, attrs=attrs)
        groups = self.pick(1, self.shape(x)[0])
        self.value = self.relu(self.conv(x, groups=groups))

    def bottleneck(self):
        """Linear 1 x 1, then depthwise; pairs of neurons where bias and padding meet."""
        bias = self.rng.random() < 0.5
        x = self.conv(self.value, (1, 1), (0,) * 4, outputs=4, bias=bias)
        self.value = self.relu(self.conv(x, groups=4, outputs=self.pick(4, 8)))

    def signed(self):
        """Two linear maps, of which the second and a sum read the first."""
        x = self.same(self.value)
        y = self.conv(self.norm(x), groups=self.shape(x)[0] if self.rng.random() < 0.5 else 1)
        x = self.relu(self.add("add", x, self.value))
        self.value = self.add("concat", x, self.same(x))
        if self.shape(y)[1:] == self.shape(x)[1:]:
            self.value = self.add("concat", self.value, y)
        self.value = self.relu(self.value)

    def pool(self):
        if len(self.nodes) == 1:  # no max pools of data
            self.plain()
        rows, columns = self.shape(self.value)[1:]
        kernel = (min(rows, self.pick(1, 2, 3)), min(columns, self.pick(2, 3)))
        attrs = {"kernel": kernel, "stride": (self.pick(1, 2), self.pick(1, 2))}
        if min(kernel) > 1:
            attrs["padding"] = (self.pick(0, 1), 0, 1, self.pick(0, 1))
        source = self.value
        if self.rng.random() < 0.4:
            source = self.add("pad", source, attrs={"padding": (0, 1, 1, 0)})
        self.value = self.add(self.pick("maxpool", "avgpool"), source, attrs=attrs)

    def padded(self):
        wide = self.add("pad", self.value, attrs={"padding": (1, 0, 2, 1)})
        self.value = self.relu(self.conv(wide))

    def cropped(self):
        channels, rows, columns = self.shape(self.value)
        attrs = {"start": (0, rows // 2, 1), "stop": (max(1, channels - 1), rows, columns),
                 "step": (1, 1, 2)}  # fmt: skip
        if columns > 2:
            self.value = self.add("slice", self.value, attrs=attrs)

    def graph(self, blocks):
        if self.rng.random() < 0.7:
            self.plain()
        for _ in range(blocks):
            self.pick(
                self.plain, self.residual, self.option_a, self.dense, self.branches,
                self.bottleneck, self.signed, self.pool, self.padded, self.cropped,
            )()  # fmt: skip
        x = self.add("identity", self.value, attrs={"reason": "dropout"})
        flat = self.add("flatten", x)
        if self.rng.random() < 0.5:
            flat = self.relu(self.norm(self.linear(flat, 6)))
            flat = self.add("concat", flat, self.relu(self.linear(flat, 3)))
        output = self.linear(flat, 4)
        return Graph(tuple(self.nodes), output)

    def linear(self, source, outputs):
        size = int(np.prod(self.shape(source)))
        weight = self.rng.normal(size=(outputs, size)) * 1.5 / np.sqrt(size)
        params = {"weight": weight, "bias": self.rng.normal(size=outputs) * 0.2}
        return self.add("linear", source, params=params)


def samples(graph, count=12):
    """8-bit pixels from -1 to 1, float32[N, *shape]."""
    shape = (count, *graph.shapes()[graph.input.name])
    return (np.random.default_rng(1).integers(0, 256, shape) / 127.5 - 1).astype(np.float32)
