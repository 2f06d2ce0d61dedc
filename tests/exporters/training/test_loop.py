"""Training: the same weights after a kill, seeds, rates, and what is reported."""

import itertools
import math

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from exporters.training.augmentation import Shifts  # noqa: E402
from exporters.training.checkpoint import Checkpoint  # noqa: E402
from exporters.training.layers import Folded, Repeat  # noqa: E402
from exporters.training.loop import Reading, accuracy, fit  # noqa: E402
from exporters.training.neurons import LIF  # noqa: E402
from exporters.training.plan import Plan  # noqa: E402
from onespike_lava.errors import DataError  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")


def data(count=120, seed=0):
    """Images with a bright quarter, the label which; pixels as bytes."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 4, (count,), generator=generator)
    images = torch.randint(0, 100, (count, 1, 8, 8), generator=generator, dtype=torch.uint8)
    for image, label in zip(images, labels.tolist(), strict=True):
        image[0, 4 * (label // 2) :, 4 * (label % 2) :][:4, :4] += 100
    return images, labels


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, bias=False),
        nn.BatchNorm2d(4),
        Repeat(3),
        LIF(0.7),
        Folded(nn.Dropout(0.1), nn.Flatten(), nn.Linear(256, 4)),
        Mean(),
    )


class Mean(nn.Module):
    def forward(self, x):
        return x.mean(0)


def pixels(x):
    return x.float() / 255


PLAN = Plan(
    epochs=3, batch=16, rate=0.05, validation=0.2, decay=1e-3, warm=3, smoothing=0.1, seed=5
)
OPTIONS = {"prepare": pixels, "augment": Shifts(1)}


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


class KilledError(Exception):
    pass


def killer(step):
    def progress(name, done, total):
        assert (name, total) == ("training", 18)
        if done == step:
            raise KilledError

    return progress


@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
def test_a_killed_run_ends_with_the_weights_of_one_that_was_not(tmp_path, optimiser):
    """Killed at every kind of place: in an epoch, at its end, right after it, twice."""
    plan = Plan(**{**PLAN.__dict__, "optimiser": optimiser})
    whole = network()
    expected = fit(whole, *data(), plan, test=data(40, 1), **OPTIONS)
    for stops in ([4], [6], [7, 13], [1]):
        file = tmp_path / f"{stops}.pt"
        options = {**OPTIONS, "path": file, "every": 0.0}
        for stop in stops:
            with pytest.raises(KilledError):
                fit(network(), *data(), plan, progress=killer(stop), **options)
        model = network(seed=9)  # all that it holds comes from the file
        found = fit(model, *data(), plan, test=data(40, 1), path=file, **OPTIONS)
        assert same(weights(model), weights(whole))
        assert same(found.best_weights, expected.best_weights)
        kept = [(each["loss"], each["validation"]) for each in found.epochs]
        assert kept == [(each["loss"], each["validation"]) for each in expected.epochs]
        assert (found.last, found.best, found.best_epoch) == (
            expected.last,
            expected.best,
            expected.best_epoch,
        )


def test_a_file_is_written_each_epoch_at_least(tmp_path):
    file = tmp_path / "run.pt"
    with pytest.raises(KilledError):
        fit(network(), *data(), PLAN, path=file, every=1e9, progress=killer(8), **OPTIONS)
    assert Checkpoint(file, {}).path.exists()
    steps = []
    fit(network(), *data(), PLAN, path=file, progress=lambda *each: steps.append(each), **OPTIONS)
    assert steps[0] == ("training", 7, 18)


def test_a_run_that_has_ended_is_not_run_again(tmp_path):
    file, steps = tmp_path / "run.pt", []
    first = fit(network(), *data(), PLAN, test=data(40, 1), path=file, **OPTIONS)
    again = fit(
        network(), *data(), PLAN, test=data(40, 1), path=file, progress=steps.append, **OPTIONS
    )
    assert not steps
    assert (again.last, again.best, again.epochs) == (first.last, first.best, first.epochs)


def test_a_file_of_other_data_is_refused(tmp_path):
    file, (x, y) = tmp_path / "run.pt", data()
    fit(network(), x, y, PLAN, path=file, **OPTIONS)
    brighter, swapped = x.clone(), y.clone()
    brighter[7, 0, 0, 0] += 1
    swapped[7] = (y[7] + 1) % 4
    for other in ((brighter, y), (x, swapped), (x.float(), y), (x.reshape(-1, 64), y)):
        with pytest.raises(DataError, match=r"run\.pt: of another run, data was '\w+' and is '"):
            fit(network(), *other, PLAN, path=file, prepare=lambda x: x.reshape(-1, 1, 8, 8) / 255)
    steps = []
    fit(network(), x.clone(), y.clone(), PLAN, path=file, progress=steps.append, **OPTIONS)
    assert not steps


def test_seeds_give_the_same_and_others_give_others():
    runs = []
    for seed in (5, 5, 6):
        model = network()
        torch.manual_seed(seed * 1000)  # what the caller drew before does not matter
        fit(model, *data(), Plan(**{**PLAN.__dict__, "seed": seed}), **OPTIONS)
        runs.append(weights(model))
    assert same(runs[0], runs[1])
    assert not same(runs[0], runs[2])


def test_every_epoch_and_seed_has_an_order_of_its_own():
    x, y = torch.arange(12.0)[:, None], torch.zeros(12, dtype=torch.int64)
    orders = []
    for seed in (0, 0, 1):
        seen = []

        def note(part, seen=seen):
            seen += part.flatten().tolist()
            return part

        fit(nn.Linear(1, 1), x, y, Plan(epochs=2, batch=3, seed=seed), prepare=note)
        orders.append((seen[:12], seen[12:]))
    assert all(sorted(order) == x.flatten().tolist() for pair in orders for order in pair)
    assert orders[0] == orders[1]
    (first, second), (third, fourth) = orders[1:]
    assert len({tuple(order) for order in (first, second, third, fourth)}) == 4


def test_it_learns_and_the_best_epoch_stands_beside_the_last():
    model = network()
    plan = Plan(epochs=10, batch=16, rate=0.1, validation=0.2)
    found = fit(model, *data(240), plan, test=data(100, 1), prepare=pixels)
    assert found.last > 0.9
    alone = network()
    fit(alone, *data(240), plan, prepare=pixels)
    assert same(weights(alone), weights(model))  # judging the best leaves the last
    assert not same(found.best_weights, weights(model))
    shares = [epoch["validation"] for epoch in found.epochs]
    assert found.best_epoch == 1 + shares.index(max(shares))
    best = network()
    best.load_state_dict(found.best_weights)
    assert found.best == accuracy(best, *data(100, 1), Reading(pixels))
    assert found.last == accuracy(model, *data(100, 1), Reading(pixels))
    assert len(found.epochs) == 10
    assert found.epochs[-1]["loss"] < found.epochs[0]["loss"] / 2
    assert found.seconds > 0


def test_without_samples_to_validate_there_is_no_best():
    found = fit(network(), *data(), Plan(epochs=1, batch=16), test=data(40, 1), prepare=pixels)
    assert found.best is found.best_epoch is found.best_weights is None
    assert found.epochs[0]["validation"] is None
    assert 0 <= found.last <= 1


def test_the_rate_rises_and_falls_as_half_a_cosine():
    """Seen at a weight whose gradient is 1, without momentum."""
    model = nn.Linear(1, 1, bias=False)
    x, y = torch.ones(8, 1), torch.zeros(8, dtype=torch.int64)
    seen = []
    plan = Plan(epochs=6, batch=4, rate=0.5, momentum=0.0, warm=4)
    fit(
        model,
        x,
        y,
        plan,
        loss=lambda out, labels: out.mean(),
        progress=lambda *_: seen.append(model.weight.item()),
    )
    moves = [one - other for one, other in itertools.pairwise(seen)]
    rise = [0.5 * (step + 1) / 4 for step in range(1, 4)]
    fall = [0.25 * (1 + math.cos(math.pi * step / 8)) for step in range(8)]
    assert moves == pytest.approx(rise + fall, abs=1e-6)


def test_gradients_are_clipped_and_weights_bounded():
    x, y = torch.ones(4, 1), torch.zeros(4, dtype=torch.int64)
    for options, reach in (({"clip": 1.0}, 0.1), ({"bound": 0.3}, 0.3), ({}, 100.0)):
        model = nn.Linear(1, 1, bias=False)
        nn.init.zeros_(model.weight)
        plan = Plan(epochs=1, batch=4, rate=0.1, momentum=0.0, **options)
        fit(model, x, y, plan, loss=lambda out, labels: 1000 * out.mean())
        assert model.weight.item() == pytest.approx(-reach)


def test_a_loss_that_is_no_number_ends_the_run():
    with pytest.raises(DataError, match=r"^fit: the loss is nan in step 1 of 7; lower the rate$"):
        fit(
            network(),
            *data(),
            Plan(epochs=1, batch=16),
            prepare=pixels,
            loss=lambda out, labels: out.mean() * math.nan,
        )


def test_samples_of_less_than_a_batch_are_refused():
    x, y = data()
    with pytest.raises(DataError, match=r"^fit: 96 training samples for batches of 100; give"):
        fit(network(), x, y, Plan(batch=100, validation=0.2))
    with pytest.raises(DataError, match=r"share of 0.004 holds none of 120 samples out; give a l"):
        fit(network(), x, y, Plan(batch=16, validation=0.004, patience=1))


@pytest.mark.parametrize(
    ("count", "change", "message"),
    [
        (0, lambda y: y, "no samples; give at least one"),
        (40, lambda y: y[:7], "40 samples and 7 labels; give as many"),
        (40, lambda y: y.float(), r"labels torch.float32\[40\] are not int64\[N\]; number the cla"),
        (40, lambda y: y[:, None], r"labels torch.int64\[40, 1\] are not int64\[N\]; number"),
        (40, lambda y: y.numpy(), "samples Tensor and labels ndarray; give torch tensors"),
        (40, lambda y: y - 1, "labels -1..2 are outside 0..3, the scores of the model; number"),
        (40, lambda y: y + 1, "labels 1..4 are outside 0..3, the scores of the model; number"),
    ],
)
def test_labels_that_do_not_fit_are_refused_at_once(count, change, message):
    """Of training and of test samples."""
    x, y = data(count)
    steps = []
    given = {"prepare": pixels, "progress": lambda *each: steps.append(each)}
    with pytest.raises(DataError, match=f"^test: {message}"):
        fit(network(), *data(), PLAN, test=(x, change(y)), **given)
    with pytest.raises(DataError, match=f"^fit: {message}"):
        fit(network(), x, change(y), Plan(batch=16, validation=0.2), **given)
    assert not steps
    if "outside" not in message:
        with pytest.raises(DataError, match=f"^accuracy: {message}"):
            accuracy(network(), x, change(y), Reading(pixels))


def test_a_reading_brings_samples_in_and_scores_out():
    x, labels = torch.tensor([[0.0, 2.0], [1.0, 0.0]]), torch.tensor([0, 1])
    assert accuracy(nn.Identity(), x, labels) == 0
    assert accuracy(nn.Identity(), x, labels, Reading(scores=lambda out: -out)) == 1
    assert accuracy(nn.Identity(), x, labels, Reading(prepare=lambda part: 1 - part)) == 1
    steps = nn.Sequential(Repeat(3), Folded(nn.Linear(2, 2)))
    plan = Plan(epochs=30, batch=2, rate=0.5)
    found = fit(
        steps,
        x,
        labels,
        plan,
        test=(x, labels),
        scores=lambda out: out.sum(0),
        loss=lambda out, wanted: nn.functional.cross_entropy(out.mean(0), wanted),
    )
    assert found.last == 1


def test_the_first_of_equal_scores_is_the_class():
    scores = torch.tensor([[1.0, 1.0, 0.0], [0.0, 2.0, 2.0]])
    assert accuracy(nn.Identity(), scores, torch.tensor([0, 1])) == 1.0
