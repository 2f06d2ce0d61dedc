"""Layers learn in Lava: encoder, layers that have learnt, one that learns, and its winners."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from lava.magma.core.run_configs import Loihi2SimCfg

from onespike_lava.learning.engine import checked
from onespike_lava.learning.network import network
from onespike_lava.learning.plastic import Plastic
from onespike_lava.learning.rule import Times
from onespike_lava.learning.stack import Stage
from onespike_lava.processes.encoder.process import Encoder
from onespike_lava.processes.engine import traceless
from onespike_lava.processes.graph import build
from onespike_lava.processes.learning.plastic_conv.process import PlasticConv
from onespike_lava.processes.learning.winners.process import Winners
from onespike_lava.processes.runner.session import Session
from onespike_lava.schedule import schedule

SECONDS_PER_SAMPLE = 2.0
"""That the time limit of a run allows for beyond what every run has."""


def learn(
    stages: Sequence[Stage], layers: Sequence[Plastic], times: Times, steps: int, samples: int
) -> Plastic:
    """The last of the layers after so many samples more, each layer a Process or several.

    stages : the layers' settings, as many as layers
    layers : those below have learnt, the last one learns
    times  : [N, I, H, W], input of the first; sample `n` of the learning layer is `times[n % N]`

    Weights, live marks and `samples` are those of Lava; counts and history are not kept there.
    Raises `LavaRunError` if the run fails or takes too long, `DataError` for samples that do not
    fit.
    """
    given = checked(layers[0], times)
    numbers = np.arange(layers[-1].samples, layers[-1].samples + samples)
    data = given[numbers % len(given)]
    below = network(stages[:-1], layers[:-1], given.shape[1:], steps)
    rule, plastic = stages[-1].rule, layers[-1]
    with traceless():
        encoder = Encoder.of(below, data, integers=True)
        blocks = build(below, 0, first=1, end=len(below.layers) - 1)
        port = encoder.s_out
        if blocks:
            port.connect(blocks[0].inp)
            port = blocks[-1].out
        start = schedule(below, 0)[len(below.layers) - 2].fire
        common: dict[str, Any] = {"rule": rule, "steps": steps}
        shape = below.layers[-2].shape
        conv = PlasticConv(plastic=plastic, input_shape=shape, start=start, **common)
        winners = Winners(shape=conv.a_out.shape, start=start + 1, **common)
        port.connect(conv.s_in)
        conv.a_out.connect(winners.a_in)
        winners.won.connect(conv.won)
        configuration = Loihi2SimCfg(select_tag="fixed_pt", select_sub_proc_model=True)
        with Session(conv, configuration, together=True) as run:
            run.run(start + 1 + samples * steps, extra_seconds=samples * SECONDS_PER_SAMPLE)
            weight, live = (run.get(each) for each in (conv.weight, conv.live))
            count = int(run.get(conv.samples)[0])
    return replace(
        plastic, weight=weight.astype(np.int8), live=live.astype(np.bool_), samples=count
    )
