"""Small networks for the rules of Loihi 2."""

from dataclasses import replace

import numpy as np

from onespike_lava import loihi
from onespike_lava.layers import Window
from onespike_lava.loihi import LOIHI2
from tests.networks import Maker


def maker(phases=8, weighting="graded"):
    return Maker(np.random.default_rng(0), phases, 1.3, weighting)


def small(weighting="graded"):
    """Convolution, pool and dense readout."""
    make = maker(weighting=weighting)
    at = make.input((2, 6, 6))
    at = make.conv(at, 4, window=Window((1, 1), (1, 1, 1, 1)))
    at = make.pool(at)
    make.readout(at, 3)
    return make.network()


def lowered(name, number):
    """The limits with one of them lowered."""
    return {**LOIHI2, name: replace(LOIHI2[name], number=number)}


def broken(network, **options):
    return [(found.layer, found.rule) for found in loihi.check(network, **options)]
