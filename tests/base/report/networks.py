"""What reports are made of."""

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np

from onespike_lava.network import Network
from onespike_lava.report import Comparison, LayerLoss
from tests.networks import Maker, random_samples, random_timed_network

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=http://example.org/x onerror=alert(1)>',
    '$\\frac{$ id="x" url(#y) #000000 {{ 7*7 }}',
    "</svg></style><b onclick=alert(1)>",
]


def data(network, samples=5, seed=0):
    x = random_samples(network, samples, seed)
    return x, np.random.default_rng(seed).integers(0, 5, samples)


class Reader(HTMLParser):
    """Tags, attributes, and the text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text, self.headings = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *each) for each in attrs]

    def handle_data(self, data):
        self.text.append(data)


def compared(network):
    rows = tuple(LayerLoss(n, 0.1, -0.01, 0.0, 0.2, 0.3, 1.0) for n in network.neurons)
    return Comparison(0.5, None, False, False, 123, 5, rows, 0.3)


def small(names):
    """Two convolutions, a pool and a dense layer of given names."""
    make = Maker(np.random.default_rng(0), 8, 1.3, "graded")
    at = make.conv(make.input((2, 6, 6)), 3)
    at = make.pool(make.conv(at, 3))
    make.readout(make.dense(at, 6))
    network = make.network()
    named = [
        replace(each, name=name) for each, name in zip(network.layers[1:], names, strict=False)
    ]
    layers = (network.layers[0], *named, *network.layers[1 + len(named) :])
    provenance = (("made_by", HOSTILE[0]), ("zz", HOSTILE[1]))
    return Network(layers, network.phases, network.wait, network.weighting, provenance)


def long(layers):
    """A network of many small convolutions in a row."""
    make = Maker(np.random.default_rng(0), 8, 1.3, "graded")
    at = make.input((2, 6, 6))
    for _ in range(layers):
        at = make.conv(at, 2, (1, 1))
    make.readout(make.dense(at, 6))
    return make.network()


def stepping(names=(), phases=12, sent="constant"):
    """A network that steps whose layers behind the input have given names."""
    network = random_timed_network(0, phases=phases, sent=sent)
    count = min(len(names), len(network.layers) - 2)
    renamed = [
        replace(each, name=name)
        for each, name in zip(network.layers[1 : 1 + count], names[:count], strict=True)
    ]
    layers = (network.layers[0], *renamed, *network.layers[1 + count :])
    return replace(network, layers=layers, provenance=(("made_by", HOSTILE[0]),))
