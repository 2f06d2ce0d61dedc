"""The shipped networks trained on CIFAR-10, made anew from their weights, byte for byte."""

# ruff: noqa: E402  (imports follow importorskip)

import sys
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")
load_file = pytest.importorskip("safetensors.torch").load_file

from exporters import convert_spiking, twin
from onespike_lava import load
from onespike_lava.evaluation.comparison import first_difference
from onespike_lava.netx import to_bytes
from tests import ROOT

PLACE = ROOT / "netx_models" / "cifar10-trained"
NAMES = {"sew_resnet20": "SEW ResNet-20", "s2nn_vgg": "S2NN VGG"}

ELSEWHERE = ("source_sha256", "numpy", "onespike_lava")
"""What provenance says of the module and the environment that the file was made with."""


@pytest.fixture(scope="module")
def scripts():
    """`netx_models/training/cifar.py` and the data it reads, where they are."""
    pytest.importorskip("PIL")
    pytest.importorskip("sklearn")
    folder = str(ROOT / "netx_models" / "training")
    before = list(sys.path)
    sys.path.insert(0, folder)
    try:
        cifar = pytest.importorskip("cifar")
        cifar.cifar10.folder()
    except SystemExit as error:
        pytest.skip(str(error))
    finally:
        sys.path[:] = before
    return cifar


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_the_weights_make_the_file(name, scripts):
    data = scripts.cifar10
    module = scripts.NETWORKS[NAMES[name]]().eval()
    module.load_state_dict(load_file(PLACE / f"{name}.safetensors"))
    images = data.normalised(data.pixels("train", 0, data.CALIBRATION))
    made = convert_spiking(module, images).network
    shipped = load(PLACE / f"{name}.net")
    notes = dict(made.provenance) | {key: dict(shipped.provenance)[key] for key in ELSEWHERE}
    made = replace(made, provenance=tuple(sorted(notes.items())))
    assert made == shipped
    assert to_bytes(made) == (PLACE / f"{name}.net").read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_engines_and_the_float_twin_send_the_same(name):
    """On drawn images of the input's range: their firing is as dense as that of real ones."""
    network = load(PLACE / f"{name}.net")
    x = torch.randn(2, *network.input.shape, generator=torch.Generator().manual_seed(0))
    expected = network.run(x.numpy(), "reference", record=True)
    assert first_difference(network.run(x.numpy(), "numba", record=True), expected) is None
    with torch.no_grad():
        trains = twin(network).trains(x)
    for layer in network.neurons:
        assert (trains[layer].numpy() == expected.trains(layer)).all(), layer
