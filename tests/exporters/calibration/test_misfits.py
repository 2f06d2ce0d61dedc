"""Data that do not fit a network: the message is of the data; torch's containers are taken."""

# ruff: noqa: E402  (imports follow importorskip)

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from exporters import convert
from exporters.calibration.samples import MOST, as_samples
from onespike_lava.errors import DataError

TRAINED = "give samples as the model was trained on"
MISSING = "an axis is missing, of one sample alone that of samples, x[None]"


def samples(*shape, count=8):
    return np.random.default_rng(0).random((count, *shape)).astype(np.float32)


def networks():
    torch.manual_seed(0)
    pooled = (nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5))
    conv = nn.Conv2d(3, 4, 3, padding=1)
    return {
        "cnn": nn.Sequential(conv, nn.ReLU(), nn.Flatten(), nn.Linear(256, 5)).eval(),
        "pooled": nn.Sequential(nn.BatchNorm2d(3), conv, *pooled).eval(),
        "row": nn.Sequential(nn.Conv1d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(56, 5)).eval(),
        "mlp": nn.Sequential(nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, 5)).eval(),
        "flat": nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, 5)).eval(),
    }


def message(model, x):
    with pytest.raises(DataError) as error:
        convert(model, x)
    return str(error.value)


@pytest.mark.parametrize(
    ("name", "shape", "wanted", "way"),
    [
        ("cnn", (8, 8, 3), "[N, 3, H, W], which 0 (Conv2d) takes",
         "give x.transpose(0, 3, 1, 2), channels first"),
        ("pooled", (8, 8, 3), "[N, 3, H, W], which 0 (BatchNorm2d) takes",
         "give x.transpose(0, 3, 1, 2), channels first"),
        ("cnn", (1, 8, 8), "[N, 3, H, W], which 0 (Conv2d) takes", TRAINED),
        ("cnn", (8, 8), "[N, 3, H, W], which 0 (Conv2d) takes", MISSING),
        ("cnn", (192,), "[N, 3, H, W], which 0 (Conv2d) takes", TRAINED),
        ("row", (16, 3), "[N, 3, 1, L], which 0 (Conv1d) takes",
         "give x.transpose(0, 2, 1)[:, :, None], channels first"),
        ("row", (3, 8, 8), "[N, 3, 1, L], which 0 (Conv1d) takes", TRAINED),
        ("mlp", (1, 8, 8), "[N, 64], which 0 (Linear) takes", "give x.reshape(len(x), -1)"),
        ("mlp", (60,), "[N, 64], which 0 (Linear) takes", TRAINED),
        ("flat", (1, 9, 9), "64 values a sample, which 1 (Linear) takes", TRAINED),
    ],
)  # fmt: skip
def test_a_torch_model(name, shape, wanted, way):
    given = ", ".join(map(str, ("N", *shape)))
    found = message(networks()[name], samples(*shape))
    assert found == f"data: shape [{given}] does not fit {wanted}; {way}"


def test_planes_of_another_size():
    assert message(networks()["cnn"], samples(3, 9, 9)) == (
        "data: shape [N, 3, 9, 9] does not fit the model, whose 3 (Linear): input [324] does not "
        "fit weight [5, 256]; give samples of the size it was trained on"
    )


@pytest.mark.parametrize("opened", [False, True])
@pytest.mark.parametrize(
    ("name", "shape", "way"),
    [
        ("pooled", (8, 8, 3), "give x.transpose(0, 3, 1, 2), channels first"),
        ("pooled", (4, 8, 8), TRAINED),
        ("row", (16, 3), "give x.transpose(0, 2, 1)[:, :, None], channels first"),
        ("mlp", (60,), TRAINED),
        ("mlp", (1, 8, 8), "give x.reshape(len(x), -1)"),
    ],
)
def test_an_onnx_file_whose_sizes_may_be_open(tmp_path, name, shape, way, opened):
    pytest.importorskip("onnx")
    takes = {"pooled": (3, 8, 8), "row": (3, 16), "mlp": (64,)}[name]
    path = tmp_path / "model.onnx"
    axes = {axis: f"d{axis}" for axis in range(len(takes) + 1 if opened else 1)}
    torch.onnx.export(
        networks()[name], (torch.zeros(1, *takes),), str(path), input_names=["x"],
        dynamic_axes={"x": axes},
    )  # fmt: skip
    found = message(path, samples(*shape))
    given = ", ".join(map(str, ("N", *shape)))
    assert found.startswith(f"data: shape [{given}] does not fit [N, ")
    assert found.endswith(f"; {way}")


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (samples(1, 3, 8, 8), "shape [8, 1, 3, 8, 8] is not [N, C, H, W], [N, C, L] or [N, F]; "
         "give x[:, 0]"),
        (samples(5, 3, 8, 8), "shape [8, 5, 3, 8, 8] is not [N, C, H, W], [N, C, L] or [N, F]; "
         "give x.reshape(-1, *x.shape[2:])"),
        (samples(count=64), "shape [64] is not [N, C, H, W], [N, C, L] or [N, F]; one sample alone "
         "is x[None]"),
        ({"x": samples(3, 8, 8)}, "dict is no array of samples; give float32"),
        ("x.npz", "str is no array of samples; give float32"),
        (None, "NoneType is no array of samples; give float32"),
        (np.array(["a"]), "<U1 ndarray is no array of samples; give float32"),
        ([np.zeros((3, 8, 8)), np.zeros((3, 9, 9))], "list does not make one array (setting an "),
    ],
)  # fmt: skip
def test_what_is_no_samples(given, fault):
    assert message(networks()["cnn"], given).startswith(f"calibration: {fault}")


class Items(Dataset):
    """A data set of given items."""

    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, at):
        return self.items[at]


class Stream(IterableDataset):
    def __iter__(self):
        return iter([(part, 0) for part in torch.from_numpy(samples(3, 8, 8))])


def test_torch_data_sets_and_loaders_are_taken():
    x = samples(3, 8, 8)
    whole = TensorDataset(torch.from_numpy(x), torch.zeros(8))
    for given in (whole, DataLoader(whole, batch_size=3), Stream(), torch.from_numpy(x),
                  Items(list(x)), DataLoader(Items(list(x)), batch_size=5),
                  torch.from_numpy(x).requires_grad_()):  # fmt: skip
        np.testing.assert_array_equal(as_samples(given), x)
    model = networks()["cnn"]
    one, two = (convert(model, each).network for each in (x, DataLoader(whole, batch_size=3)))
    assert one == two


def test_large_data_sets_give_samples_from_all_of_them():
    many = np.arange(5 * MOST, dtype=np.float32)[:, None]
    found = as_samples(TensorDataset(torch.from_numpy(many)))
    assert found.shape == (MOST, 1)
    assert (found[0, 0], found[-1, 0]) == (0, 5 * MOST - 1)
    loader = DataLoader(TensorDataset(torch.from_numpy(many)), batch_size=300)
    assert as_samples(loader)[:, 0].tolist() == list(range(MOST))


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (Items([("image", 0)]), "its data set gives str, not tensors of numbers; give it a"),
        (Items([]), "its data set is empty; give at least one sample"),
        (Items([np.zeros((3, 8, 8)), np.zeros((3, 9, 9))]),
         "samples of different shapes, [3, 8, 8] and [3, 9, 9]; give all the same size"),
    ],
)  # fmt: skip
def test_data_sets_of_something_else(given, fault):
    assert message(networks()["cnn"], given).startswith(f"calibration: {fault}")


def test_a_linear_layer_along_the_last_axis_takes_planes():
    module = nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Flatten(), nn.Linear(32, 3))
    network = convert(module, samples(1, 8, 8)).network
    assert network.sample_shape == (1, 8, 8)
    assert network.layers[1].shape == (4, 1, 8)
