"""The rule in Lava's own learning connection: what it makes of weights, and how far that is off."""

import numpy as np
import pytest

pytest.importorskip("lava.magma", reason="lava-nc is not installed (Python 3.10 only)")
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.process import LearningDense
from lava.proc.io.source import RingBuffer as Source

from onespike_lava.errors import OptionError
from onespike_lava.learning.rule import moved
from onespike_lava.processes.learning.loihi_rule import ARGUMENTS, DOWN, UP, loihi_moved, loihi_rule
from onespike_lava.processes.runner.session import Session
from tests.lava.draws import draws

pytestmark = [
    pytest.mark.lava,
    pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning"),
]

SAMPLES, STEPS, INPUTS, OUTPUTS = 40, 6, 126, 3


@pytest.mark.parametrize("shift", [8, 10, 13])
def test_lavas_connection_makes_of_weights_what_is_stated(shift):
    """Samples of random spikes, a winner in some step of each; the host clears the traces.

    Inputs of the winner's step count as earlier, later ones and silent ones as later.
    """
    rng = np.random.default_rng(shift)
    weight = rng.integers(1, 127, (OUTPUTS, INPUTS))
    spiked = rng.random((SAMPLES, INPUTS)) < 0.6
    times = rng.integers(0, STEPS, (SAMPLES, INPUTS))
    winners, ends = rng.integers(0, OUTPUTS, SAMPLES), rng.integers(1, STEPS, SAMPLES)
    given = np.zeros((INPUTS, SAMPLES * STEPS))
    won = np.zeros((OUTPUTS, SAMPLES * STEPS))
    for sample in range(SAMPLES):
        places = np.flatnonzero(spiked[sample])
        given[places, sample * STEPS + times[sample, places]] = 1
        won[winners[sample], sample * STEPS + ends[sample]] = 1
    dense = LearningDense(weights=weight, learning_rule=loihi_rule(shift), **ARGUMENTS)
    spikes, answers = Source(data=given), Source(data=won)
    spikes.s_out.connect(dense.s_in)
    answers.s_out.connect(dense.s_in_bap)
    expected, random = weight.copy(), draws()
    with Session(dense, Loihi2SimCfg(select_tag="fixed_pt")) as session:
        for sample in range(SAMPLES):
            session.run(STEPS)
            session.set(dense.x1, np.zeros(INPUTS))
            number = [next(random) for _ in range(STEPS)][ends[sample]]
            row, early = winners[sample], spiked[sample] & (times[sample] <= ends[sample])
            expected[row] = loihi_moved(expected[row], early, shift, number)
        found = session.get(dense.weights)
    assert np.array_equal(found, expected)
    assert (expected != weight).mean() > 0.5


@pytest.mark.parametrize("shift", range(8, 16))
def test_one_update_is_at_most_one_off(shift):
    weight = np.arange(1, 127)
    apart = []
    for up in (True, False):
        ours = moved(weight, np.full(126, up), shift)
        for random in np.linspace(0, 1, 257)[:-1]:
            theirs = loihi_moved(weight, np.full(126, up), shift, random)
            apart.append(theirs - ours)
    assert np.abs(apart).max() == 1
    assert 4 * DOWN == -3 * UP


def test_a_pruned_weight_stays_pruned():
    """The product keeps 0 where it is, so that the connection needs no mask."""
    for up in (True, False):
        for shift in (1, 10, 15):
            assert loihi_moved(np.zeros(1, int), np.array([up]), shift, 0.0) == 0


def test_refuses_rates_that_the_engine_lacks():
    with pytest.raises(OptionError, match="shift: 16 is outside"):
        loihi_rule(16)
