"""Models named as package.module:factory, with weights from safetensors."""

# ruff: noqa: E402  (imports follow importorskip)

import sys

import pytest

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")

from exporters.cli.model import load_model
from exporters.frontends.torch.factory import load_factory
from onespike_lava.errors import DataError, OptionError, UnsupportedError

SOURCE = """
from torch import nn
def build():
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
def number():
    return 3
constant = 3
class Net(nn.Linear):
    def __init__(self, width, depth=2, *, bias):
        super().__init__(width, depth, bias)
net = build()
wrapped = nn.DataParallel(build())
def broken():
    return nn.Linear(3, undefined)
def leaves():
    raise SystemExit(0)
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
        ("my_factory_model:biuld", None, OptionError, "my_factory_model:biuld: my_factory_model "
         "has no function called biuld; did you mean build?"),
        ("my_factory_model:Net", None, OptionError, "my_factory_model:Net: Net needs width, bias, "
         "and is called without arguments; write a function that returns Net(width, bias) and "
         "name that"),
        ("my_factory_model:broken", None, UnsupportedError, "my_factory_model:broken: its own code "
         "fails (NameError: name 'undefined' is not defined); correct it, onespike --debug shows "
         "where"),
        ("my_factory_model:leaves", None, UnsupportedError, "my_factory_model:leaves: its own code "
         "fails (SystemExit: 0); correct it, onespike --debug shows where"),
        ("no.py:build", None, DataError, "no.py: does not exist; give the path of a file"),
        ("my_factory_model.py", None, OptionError, "my_factory_model.py: is a Python file; say "
         "what makes the model in it, as FILE.py:NAME"),
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


def test_a_module_itself_is_taken_and_left_alone():
    before = load_factory("my_factory_model:net").state_dict()
    before = {key: value.clone() for key, value in before.items()}
    saved()
    loaded = load_factory("my_factory_model:net", "w.safetensors").state_dict()
    assert torch.equal(loaded["0.bias"], safetensors.load_file("w.safetensors")["0.bias"])
    after = load_factory("my_factory_model:net").state_dict()
    assert all(torch.equal(after[key], value) for key, value in before.items())


def test_a_file_is_taken_with_what_lies_beside_it(tmp_path, monkeypatch):
    folder = tmp_path / "deep er"
    folder.mkdir()
    (folder / "torch.py").write_text(
        "from sizes import WIDTH\nfrom torch import nn\n"
        "def make():\n    import later\n    return nn.Linear(WIDTH, 2)\n"
    )
    (folder / "sizes.py").write_text("WIDTH = 5")
    (folder / "later.py").write_text("")
    monkeypatch.delitem(sys.modules, "sizes", raising=False)
    path = list(sys.path)
    assert load_factory("deep er/torch.py:make").in_features == 5
    assert load_factory(f"{folder}/torch.py:make").in_features == 5
    assert sys.path == path
    assert sys.modules["torch"] is torch


def test_code_that_fails_as_it_is_imported(tmp_path):
    (tmp_path / "no_code.py").write_text("def (:")
    with pytest.raises(
        UnsupportedError, match=r"^no_code:make: its own code fails \(SyntaxError: "
    ):
        load_factory("no_code:make")
    (tmp_path / "no_library.py").write_text("import no_such_library")
    with pytest.raises(OptionError, match=r"^no_library\.py:m: no module named no_such_library;"):
        load_factory("no_library.py:m")


WRAPPED = {
    "DataParallel": lambda state: {f"module.{key}": state[key] for key in state},
    "torch.compile": lambda state: {f"_orig_mod.{key}": state[key] for key in state},
    "AveragedModel": lambda state: {
        "n_averaged": torch.tensor(3), **{f"module.{key}": state[key] for key in state}
    },
    "both": lambda state: {f"module._orig_mod.{key}": state[key] for key in state},
    "inside": lambda state: {key.replace("0.", "0.module."): state[key] for key in state},
}  # fmt: skip


@pytest.mark.parametrize("name", WRAPPED)
@pytest.mark.parametrize("spec", ["build", "wrapped"])
def test_weights_of_wrapped_models_are_loaded(name, spec):
    state = saved()
    safetensors.save_file(WRAPPED[name](state), "w.safetensors")
    found = load_factory(f"my_factory_model:{spec}", "w.safetensors").state_dict()
    assert set(found) == set(state)
    assert all(torch.equal(found[key], value) for key, value in state.items())


def test_weights_under_another_word_and_of_other_files():
    state = saved()
    safetensors.save_file({f"model.{key}": state[key] for key in state}, "w.safetensors")
    with pytest.raises(DataError) as error:
        load_factory("my_factory_model:build", "w.safetensors")
    assert str(error.value) == (
        "w.safetensors: all weights begin with 'model.', those of the model do not; save them "
        "without it"
    )
    torch.save(state, "w.pt")
    found = load_factory("my_factory_model:build", "w.pt").state_dict()
    assert all(torch.equal(found[key], value) for key, value in state.items())


def test_the_command_line_tells_files_from_factories():
    assert load_model("a/NET.ONNX", None) == "a/NET.ONNX"
    with pytest.raises(OptionError, match=r"^weights: an ONNX file holds its own; leave"):
        load_model("NET.Onnx", "w.safetensors")
    with pytest.raises(OptionError) as error:
        load_model("net.pt", None)
    assert str(error.value) == (
        "net.pt: is a file of torch.save; give package.module:factory, whose weights go with "
        "--weights FILE"
    )
