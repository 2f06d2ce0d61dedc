"""Models as people keep them: exported programs, checkpoints, wrapped and averaged modules."""

import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from exporters import convert
from exporters.cli.model import load_model
from exporters.frontends.read import read
from exporters.frontends.torch.factory import load_factory
from exporters.passes import prepare
from onespike_lava.cli import main
from onespike_lava.errors import DataError, OneSpikeError, OptionError, UnsupportedError
from tests.doors.networks import SAMPLES, near

SOURCE = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c, self.b, self.p = nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.MaxPool2d(2)
        self.d, self.l, self.k = nn.Dropout(), nn.Linear(4, 3), nn.Conv2d(4, 4, 1)
        self.up, self.act = nn.ConvTranspose2d(4, 4, 2, 2), nn.LeakyReLU(0.2)

    def forward(self, x):
        x = torch.relu(self.b(self.c(x)))
        y = self.p(x)
        x = torch.cat([self.act(self.k(y)), y], 1)[:, :4] + y
        x = torch.relu(self.up(x)).mean((2, 3))
        return self.l(self.d(x.view(x.size(0), -1)))

def program():
    torch.manual_seed(0)
    return torch.export.export(Net().eval(), (torch.zeros(1, 1, 8, 8),))
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    (tmp_path / "ways.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def net():
    torch.manual_seed(0)
    return load_factory("ways.py:Net").eval()


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(SAMPLES, 1, 8, 8)).astype(np.float32)


@pytest.mark.parametrize("batch", [1, 4, None])
def test_exported_programs_are_read(net, x, batch):
    n = batch or 2
    more = {} if batch else {"dynamic_shapes": {"x": {0: torch.export.Dim("n")}}}
    program = torch.export.export(net, (torch.zeros(n, 1, 8, 8),), **more)
    graph = read(program, (1, 8, 8))
    with torch.no_grad():
        expected = net(torch.from_numpy(x)).numpy()
    near(graph.evaluate(x), expected)
    near(prepare(graph)[0].evaluate(x), expected)


def test_a_program_names_what_it_refuses():
    class Bent(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Linear(4, 4), nn.Linear(4, 2)

        def forward(self, x):
            return self.two(nn.functional.gelu(self.one(x)))

    program = torch.export.export(Bent().eval(), (torch.zeros(1, 4),))
    with pytest.raises(UnsupportedError, match=r"^gelu \(gelu\): not supported; use ReLU and"):
        read(program, (4,))


def test_a_function_may_return_a_program(x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # random weights
        network = convert(load_model("ways.py:program", None), x).network
    assert network.sample_shape == (1, 8, 8)
    with pytest.raises(OptionError, match="a program that holds its own"):
        load_factory("ways.py:program", "w.pt")


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"epoch": 3, "state_dict": state, "lr": 0.1},
        lambda state: {"model": {f"module.{key}": value for key, value in state.items()}},
        lambda state: {"model_state_dict": {f"_orig_mod.{k}": v for k, v in state.items()}},
        lambda state: {"n_averaged": torch.tensor(3)} | {f"module.{k}": state[k] for k in state},
    ],
)
def test_weights_of_torch_save_are_taken(net, wrap):
    torch.save(wrap(net.state_dict()), "w.pt")
    found = load_factory("ways.py:Net", "w.pt").state_dict()
    assert all(torch.equal(found[key], value) for key, value in net.state_dict().items())


class Evil:
    """Runs code as it is unpickled."""

    def __reduce__(self):
        return (open, ("ran", "w"))


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda net: torch.save(nn.Linear(2, 2), "w.pt"), "holds more than weights"),
        (lambda net: torch.save({"w": Evil()}, "w.pt"), "holds more than weights"),
        (lambda net: torch.save([1, 2], "w.pt"), "holds no weights by name"),
        (lambda net: torch.save({"epoch": 3}, "w.pt"), "holds no weights by name"),
        (lambda net: torch.jit.script(nn.Linear(2, 2)).save("w.pt"), "a TorchScript file"),
        (lambda net: torch.save(net.state_dict(), "w.pt", _use_new_zipfile_serialization=False),
         "a file of an old torch.save, which may run code"),
        (lambda net: Path("w.pt").write_bytes(pickle.dumps({"w": Evil()})),
         "a file of an old torch.save, which may run code"),
    ],
)  # fmt: skip
def test_what_else_is_refused_and_runs_nothing(net, folder, write, words):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write(net)
    (folder / "ran").unlink(missing_ok=True)
    with pytest.raises(DataError) as error:
        load_factory("ways.py:Net", "w.pt")
    assert words in str(error.value)
    assert "torch.save(model.state_dict(), FILE)" in str(error.value)
    assert not (folder / "ran").exists()


@pytest.mark.parametrize("ending", [".pt2", ".pt", ".pth"])
def test_files_that_hold_models_are_refused_with_a_way_out(ending, folder, capsys):
    (folder / f"m{ending}").write_bytes(b"PK\3\4")
    with pytest.raises(OneSpikeError) as error:
        load_model(f"m{ending}", None)
    words = "torch.export.load(FILE), as FILE.py:NAME" if ending == ".pt2" else "--weights FILE"
    assert words in str(error.value)


def test_the_command_line_takes_a_checkpoint(net, x, capsys):
    torch.save({"state_dict": net.state_dict()}, "w.pth")
    np.savez("x.npz", x=np.concatenate([x] * 20))
    with pytest.raises(SystemExit) as ended:
        main(
            ["export", "ways.py:Net", "--weights", "w.pth", "--calibration", "x.npz", "-o", "n.net"]
        )
    assert ended.value.code == 0
    capsys.readouterr()


def test_averaged_and_parallel_models_are_read(net, x):
    averaged = torch.optim.swa_utils.AveragedModel(nn.DataParallel(net))
    averaged.update_parameters(net)
    expected = read(net, (1, 8, 8)).digest()
    assert read(averaged.eval(), (1, 8, 8)).digest() == expected


def test_data_sets_and_loaders_calibrate(net, x):
    data = torch.utils.data.TensorDataset(torch.from_numpy(x), torch.zeros(SAMPLES))
    loader = torch.utils.data.DataLoader(data, batch_size=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nets = [convert(net, each, phases=6).network for each in (x, data, loader)]
    scores = [each.run(x).scores for each in nets]
    assert all((each == scores[0]).all() for each in scores)
