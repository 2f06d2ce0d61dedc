"""SLAYER's blocks that integers here are not, refused by name with a way out."""

# ruff: noqa: E402  (imports follow importorskip)

import re

import numpy as np
import pytest

torch = pytest.importorskip("torch")
slayer = pytest.importorskip("lava.lib.dl.slayer", reason="lava-dl is not installed")

from lava.lib.dl.slayer.neuron.norm import WgtScaleBatchNorm

from exporters import convert_spiking
from onespike_lava.errors import DataError, OptionError, UnsupportedError
from tests.exporters.frontends.slayer.nets import BLOCK, NEURON, Net, options


class Skips(Net):
    """Adds what came before."""

    def __init__(self):
        super().__init__(*(BLOCK.Dense(NEURON, 20, 20) for _ in range(2)))

    def forward(self, x):
        return self.blocks[1](self.blocks[0](x) + x)


class Twice(Skips):
    def forward(self, x):
        return self.blocks[0](self.blocks[0](x))


def small(*blocks, **read):
    return Net(BLOCK.Dense(NEURON, 20, 6), *blocks, **read)


def raised(module, shape=(20,), **more):
    x = (np.random.default_rng(0).random((2, 5, *shape)) < 0.3).astype(np.uint8)
    with pytest.raises(UnsupportedError) as error:
        convert_spiking(module, x, **more)
    return str(error.value)


def test_refusals_name_the_block_and_a_way_out():
    rf = slayer.block.rf.Dense({"threshold": 1, "period": 5, "decay": 0.1}, 6, 4)
    kwta = BLOCK.KWTA(dict(NEURON), 6, 4, num_winners=2)
    cases = {
        r"blocks\.1 \(Dense\).*of rf neurons .*slayer\.block\.cuba": small(rf),
        r"blocks\.1 \(KWTA\).*slayer\.block\.cuba": small(kwta),
        "graded_spike": small(BLOCK.Dense(options(graded_spike=True), 6, 4)),
        "MeanOnlyBatchNorm": small(BLOCK.Dense(options(norm=WgtScaleBatchNorm), 6, 4)),
        "one below 64": small(BLOCK.Dense(options(threshold=70), 6, 4)),
        "quantize_8bit": small(BLOCK.Dense(NEURON, 6, 4, pre_hook_fx=lambda w: w)),
        "drawn in its first call": small(BLOCK.Dense(NEURON, 6, 4, delay=True)),
        "drawn in its .*first call": small(BLOCK.Dense(options(shared_param=False), 6, 4)),
        r"leave them out \(delay=False\)": small(BLOCK.Recurrent(dict(NEURON), 6, 4, delay=True)),
        "return one of these": small(read=lambda spikes: spikes.std(-1)),
        "end with that": small(BLOCK.Average(num_outputs=2), BLOCK.Dense(NEURON, 2, 2)),
        "in a row": Skips(),
        "of its own": Twice(),
        "what remembers nothing": small(read=lambda spikes: spikes[..., -1]),
        "give the spikes that they send": Net(BLOCK.Input(dict(NEURON)), *small().blocks),
    }
    for text, module in cases.items():
        if text.startswith("leave them"):
            module.blocks[1].delay.init, module.blocks[1].delay.delay.data = True, torch.ones(4)
        assert re.search(text, found := raised(module)), (text, found)


def test_pools_that_reach_over_the_border_are_refused():
    pool = Net(BLOCK.Pool(dict(NEURON), 2))
    assert "as many groups as channels" in raised(pool, (2, 5, 4))


def test_samples_and_options():
    module = small()
    x = np.zeros((3, 5, 20), np.uint8)
    with pytest.raises(DataError, match="give events"):
        convert_spiking(module, x[:, 0])
    with pytest.raises(DataError, match="whole numbers"):
        convert_spiking(module, x + 0.5)
    with pytest.raises(OptionError, match="steps: 4"):
        convert_spiking(module, x, steps=4)
    with pytest.raises(OptionError, match="input_range"):
        convert_spiking(module, x, input_range=(0, 1))
    with pytest.raises(OptionError, match=r"input_bits: 1 hold payloads of 0..1"):
        convert_spiking(module, x + np.uint8(3), input_bits=1)
    assert convert_spiking(module, x, input_bits=4).network.input.bits == 4
    with pytest.raises(OptionError, match="one of its own"):
        convert_spiking(small(read=lambda s: s.sum(-1)), x, readout="sum")
    assert convert_spiking(module, x, readout="sum").network.output_scale == 1.0
