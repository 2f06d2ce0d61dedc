"""Layers that learn one after the other, and the file that keeps them."""

import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from onespike_lava.errors import DataError, OptionError
from onespike_lava.learning import rule
from onespike_lava.learning.stack import Stage, learn, passed, pooled, pruned_after
from tests import ROOT
from tests.learning import drawn, stages


def samples():
    return drawn(samples=50, shape=(2, 12, 12))[1]


def test_each_layer_learns_from_the_spikes_below():
    times, (first, second) = samples(), stages()
    layers = learn((first, second), times, 5)
    below = times
    for number, (stage, layer) in enumerate(zip((first, second), layers, strict=True)):
        expected = stage.drawn(below.shape[1], (5, number))
        for each in range(stage.rule.samples):
            expected = rule.step(expected, below[each % len(below)], stage.rule)
        assert np.array_equal(layer.weight, expected.weight)
        assert layer.integrations == expected.integrations
        assert 0 < layer.connectivity < 1
        below = pooled(
            np.stack(
                [
                    rule.spikes(layer.weight, each, layer.window, stage.rule.threshold)[0]
                    for each in below
                ]
            ),
            stage.pool,
        )


def test_a_pool_passes_the_first_spike():
    times = np.array([[[[0, 3, 0, 0, 9], [5, 4, 0, 0, 9], [1, 1, 1, 1, 1]]]], np.uint8)
    assert pooled(times, 2).tolist() == [[[[3, 0]]]]
    assert np.array_equal(pooled(times, 1), times)


class KilledError(Exception):
    """Stands for whatever ends a process between two looks."""


CHILD = """
import time
from onespike_lava.learning.stack import learn
from tests.learning import drawn, stages

times = drawn(samples=50, shape=(2, 12, 12))[1]
learn(stages(), times, 1, {path!r}, lambda *each: time.sleep({pause}))
"""


def test_a_process_that_was_killed_leaves_what_it_knew(tmp_path):
    """By the kernel, wherever it stood; the next one ends with the same weights."""
    path, whole = tmp_path / "kept.npz", learn(stages(), samples(), 1)
    command = CHILD.format(path=str(path), pause=0.5)
    with subprocess.Popen([sys.executable, "-c", command], cwd=ROOT) as child:
        while not path.exists() and child.poll() is None:
            time.sleep(0.05)
        time.sleep(0.3)
        child.kill()
    assert child.returncode == -signal.SIGKILL
    told = []
    assert learn(stages(), samples(), 1, path, lambda *each: told.append(each)) == whole
    assert 1 <= len(told) < 7


@pytest.mark.parametrize("looks", [1, 4, 5, 6])
def test_a_killed_run_goes_on_to_the_same_weights(tmp_path, looks):
    times, path = samples(), tmp_path / "kept.npz"
    whole = learn(stages(), times, 1)
    left = [looks]

    def kill(name, done, total):
        left[0] -= 1
        if not left[0]:
            raise KilledError

    with pytest.raises(KilledError):
        learn(stages(), times, 1, path, kill)
    told = []
    assert learn(stages(), times, 1, path, lambda *each: told.append(each)) == whole
    assert len(told) == 7 - looks
    assert learn(stages(), times, 1, path) == whole


def test_a_file_of_another_run_is_refused(tmp_path):
    times, path = samples(), tmp_path / "kept.npz"
    learn(stages(), times, 1, path)
    with pytest.raises(DataError, match="of other seed"):
        learn(stages(), times, 2, path)
    with pytest.raises(DataError, match="of other samples"):
        learn(stages(), times[::-1], 1, path)
    with pytest.raises(DataError, match="of other stages"):
        learn(stages(61), times, 1, path)
    first, second = stages()
    with pytest.raises(DataError, match="of other stages"):
        learn((replace(first, channels=7), second), times, 1, path)
    with np.load(path) as file:
        arrays = dict(file)
    np.savez(path, **{**arrays, "weight0": arrays["weight0"].astype(float)})
    with pytest.raises(DataError, match="no file of layers"):
        learn(stages(), times, 1, path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataError, match="no file of layers"):
        learn(stages(), times, 1, path)


def test_pruning_after_learning_removes_what_is_below():
    layers = learn(stages(prune=0), samples(), 1)
    assert all(each.live.all() for each in layers)
    for before, after in zip(layers, pruned_after(layers, 60), strict=True):
        assert np.array_equal(after.live, before.weight >= 60)
        assert np.array_equal(after.weight, np.where(after.live, before.weight, 0))


def test_counts_synapses_that_spikes_pass():
    times, (first, _) = samples(), stages()
    layer = replace(first.drawn(2, (0,)), integrations=0)
    _, count = passed(first, layer, times)
    assert count == sum(rule.delivered(layer, each) for each in times)


def test_refuses_a_stage_without_channels():
    with pytest.raises(OptionError, match="channels: 0 is below 1"):
        Stage(0, 3, 1, 2, stages()[0].rule)
