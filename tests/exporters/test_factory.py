"""Models named as package.module:factory, with weights from safetensors."""

# ruff: noqa: E402  (imports follow importorskip)

import pytest

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")

from exporters.cli.model import load_model
from exporters.frontends.torch.fx import load_factory
from onespike_lava.errors import DataError, OptionError, UnsupportedError

SOURCE = """
from torch import nn
def build():
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
def number():
    return 3
constant = 3
"""


@pytest.fixture(autouse=True)
def module(tmp_path, monkeypatch):
    (tmp_path / "my_factory_model.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "my_factory_model", raising=False)


def saved(change=lambda state: None):
    state = load_factory("my_factory_model:build").state_dict()
    state = {key: value.clone() + 1 for key, value in state.items()}
    change(state)
    safetensors.save_file(state, "w.safetensors")
    return state


def test_weights_are_loaded():
    state = saved(lambda state: state.pop("1.num_batches_tracked"))
    found = load_factory("my_factory_model:build", "w.safetensors").state_dict()
    assert all(torch.equal(found[key], value) for key, value in state.items())


@pytest.mark.parametrize(
    ("spec", "weights", "kind", "message"),
    [
        *((spec, None, OptionError, f"model: {spec!r} is not package.module:factory, nor the path "
           "of an ONNX file; give one of both")
          for spec in ("model", ".model:build", "a..b:build", "a/b:build", ":build", "a:", ":")),
        ("no_such_module:build", None, OptionError, "no_such_module:build: no module named "
         "no_such_module; install it or change to its directory"),
        ("my_factory_model:make", None, OptionError, "my_factory_model:make: my_factory_model has "
         "no function called make; check the name"),
        ("my_factory_model:constant", None, OptionError, "my_factory_model:constant: "
         "my_factory_model has no function called constant; check the name"),
        ("my_factory_model:number", None, UnsupportedError, "my_factory_model:number: returned "
         "int, not a torch Module; return one"),
        ("my_factory_model:build", "no.safetensors", DataError, "no.safetensors: does not "
         "exist; give the path of a file"),
        ("my_factory_model:build", "a" * 300, DataError, f"{'a' * 300}: cannot be read (File name "
         "too long); give another path"),
    ],
)  # fmt: skip
def test_errors(spec, weights, kind, message):
    with pytest.raises(kind) as error:
        load_factory(spec, weights)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("0.bias"), "1 weights are missing: 0.bias"),
        (lambda state: state.update(x=torch.ones(1)), "1 weights are unknown: x"),
        (
            lambda state: state.update({"0.bias": torch.ones(2)}),
            "1 weights are of another shape: 0.bias [2], not [4]",
        ),
    ],
)
def test_weights_must_fit(change, message):
    saved(change)
    with pytest.raises(DataError) as error:
        load_factory("my_factory_model:build", "w.safetensors")
    assert str(error.value) == f"w.safetensors: {message}; use the weights of this model"


def test_files_that_are_not_safetensors(tmp_path):
    (tmp_path / "w.safetensors").write_bytes(b"no tensors")
    with pytest.raises(DataError, match=r"^w\.safetensors: not a safetensors file "):
        load_factory("my_factory_model:build", "w.safetensors")


def test_the_command_line_tells_files_from_factories():
    assert load_model("a/NET.ONNX", None) == "a/NET.ONNX"
    with pytest.raises(OptionError, match=r"^weights: an ONNX file holds its own; leave"):
        load_model("NET.Onnx", "w.safetensors")
    with pytest.raises(OptionError) as error:
        load_model("net.pt", None)
    assert str(error.value) == (
        "model: 'net.pt' is neither an .onnx file nor package.module:factory; give one of both"
    )
