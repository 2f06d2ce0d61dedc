"""Networks with neurons of other libraries in Lava: in stock processes, and the shipped ones."""

import numpy as np
import pytest

pytest.importorskip("lava.magma", reason="lava-nc is not installed (Python 3.10 only)")

import onespike_lava
from exporters.form import Form
from exporters.graph import Graph, Node, Stepping
from exporters.recipe.stepping import StepRecipe
from exporters.stepping.conversion import convert_steps
from onespike_lava.processes import stock
from tests.exporters.stepping.trains import MODELS, digits, recorded

pytestmark = pytest.mark.lava

FORMS = {
    "IF": {},
    "LIF": {"keep_v": 0.5, "gain": 0.5},
    "strict": {"keep_v": 0.75, "fire": "gt"},
    "soft": {"reset": "subtract"},
    "CUBA": {"keep_u": 0.5, "keep_v": 0.75},
}


def network(form, steps):
    random = np.random.default_rng(3)
    nodes, at = [Node("x", "input", attrs={"shape": (6,)})], "x"
    for layer, sizes in enumerate([(9, 6), (7, 9)]):
        weight = random.normal(0.3, 1, sizes) / 2
        params = (
            {"weight": weight}
            if "keep_u" in form
            else {"weight": weight, "bias": 0.1 * weight[:, 0]}
        )
        made = Form(form.get("gain", 1.0), **form)
        nodes.append(Node(f"fc{layer}", "linear", (at,), params, exact=True))
        at = f"n{layer}"
        nodes.append(
            Node(at, "neuron", (f"fc{layer}",), made.numbers(), made.settings(), exact=True)
        )
    nodes.append(Node("out", "linear", (at,), {"weight": random.normal(0, 1, (3, 7))}))
    return Stepping(Graph(tuple(nodes), "out"), steps, "events")


@pytest.mark.parametrize("name", FORMS)
def test_the_preset_for_lava(name):
    source = network(FORMS[name], 5)
    x = np.random.default_rng(0).integers(0, 2, (40, 5, 6)).astype(np.uint8)
    net = convert_steps(source, x, StepRecipe(preset="lava")).network
    run = net.run(x[:2], engine="numpy", record=True)
    assert sum(int(run.trains(each).sum()) for each in net.neurons) > 20
    found = stock.run(net, x[:2], record=True)
    assert np.array_equal(found.scores, run.scores)
    for layer, train in zip(net.layers[:-1], found.codes, strict=True):
        assert np.array_equal(train, run.trains(layer.name)), layer.name


@pytest.mark.parametrize("name", ["jelly_lif", "jelly_if", "torch_if"])
def test_a_shipped_network_sends_in_lava_what_its_library_recorded(name):
    """Spikes of SpikingJelly's and snnTorch's own neurons, on the integers of the file."""
    pytest.importorskip("sklearn")
    network, x = onespike_lava.load(MODELS / "digits-steps" / f"{name}.net"), digits()[:2]
    run = network.run(x, engine="lava", record=True)
    for layer, sent in recorded(name, "integers").items():
        assert sent[:2].sum() > 10
        assert np.array_equal(run.trains(layer).reshape(sent[:2].shape), sent[:2]), layer
