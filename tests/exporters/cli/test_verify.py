"""`onespike verify` on networks that step."""

import json

import numpy as np
import pytest

from onespike_lava.engines import numpy as engine
from onespike_lava.netx import save
from tests.networks import random_samples, random_timed_network

WORDS = ["verify", "a.net", "--data", "x.npz"]


@pytest.fixture
def network(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = random_timed_network(3, phases=5, sent="constant")
    save(made, "a.net")
    np.savez("x.npz", x=random_samples(made, 4))
    return made


@pytest.mark.parametrize("name", ["numpy", "numba"])
def test_engines_are_equal_in_every_step(network, onespike, name):
    code, out, _ = onespike(*WORDS, "--engine", name, "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["engine"], found["samples"], found["equal"]) == (name, 4, True)


def test_a_payload_that_differs_is_named_with_its_step(network, onespike, monkeypatch):
    """One too much of the first layer's in step 3 of sample 2."""
    whole, layer = engine.run, network.layers[1]

    def wrong(*words, **options):
        result = whole(*words, **options)
        result.codes[1][2, 2][(1, 0, 3)] += 1
        return result

    monkeypatch.setattr(engine, "run", wrong)
    code, out, _ = onespike(*WORDS)
    assert code == 1
    assert f"first difference at layer {layer.name}, sample 2, step 3, neuron [1, 0, 3]: " in out
    assert "(1 places differ)" in out
    code, out, _ = onespike(*WORDS, "--json")
    found = json.loads(out)["difference"]
    assert (code, found["step"], found["neuron"]) == (1, 3, [1, 0, 3])
    assert found["values"][0] == found["values"][1] + 1


def test_there_is_no_source_to_compare_with(network, onespike):
    code, _, err = onespike(*WORDS, "--model", "a.onnx")
    assert code == 2
    assert "model: a network that steps is not compared with a network of ReLUs" in err
    code, _, err = onespike(*WORDS, "--stock")
    assert code == 2
    assert "--stock: needs --engine lava, found numpy; add it or leave it out" in err
