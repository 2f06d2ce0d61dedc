"""A small network and samples that it can learn, for tests of fine-tuning."""

import numpy as np
import torch

from exporters import convert
from exporters.finetuning.counting.recoding import BITS, CONVERSION, recoded
from onespike_lava.data.encoding import encode
from tests.sources import cnn, images

OPTIONS = {"phases": 5, "input_bits": 5}


def samples(count=200, seed=3):
    """Images and labels: which third of the plane is the brightest, of five kinds."""
    x = images(count, seed)
    y = np.random.default_rng(seed).integers(0, 5, count)
    for image, label in zip(x, y, strict=True):
        image[label % 3, :, label : label + 3] += 1.5
    return x.clip(-2, 2.5), y


def network(**options):
    """The integer network of a conversion."""
    return convert(cnn(), samples()[0][:80], **{**OPTIONS, **options}).network


def counted(steps=6, graph=None, **options):
    """The network of spike counts of a conversion."""
    found = convert(graph or cnn(), samples()[0][:80], phases=BITS, **CONVERSION, **options)
    return recoded(found.network, steps)


def coded(net, count=80):
    """Samples as integers of a network's input grid."""
    return torch.from_numpy(encode(net.input, samples()[0][:count]).integers)


def logits(twin, x):
    """What a twin computes."""
    with torch.no_grad():
        return twin(x).numpy()


class KilledError(Exception):
    """Stands for what ends a process."""


def killer(stop, error=KilledError):
    """Ends training at a step, counted over all calls of the progress."""
    seen = [0]

    def progress(name, done, total):
        seen[0] += name == "training"
        if seen[0] == stop:
            raise error

    return progress
