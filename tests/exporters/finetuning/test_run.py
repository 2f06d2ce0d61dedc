"""A run goes on after a kill, and tells what it ends with."""

# ruff: noqa: E402  (imports follow importorskip)

from dataclasses import replace
from functools import partial

import pytest

torch = pytest.importorskip("torch")

import onespike_lava
from exporters import FineTuning, finetune
from exporters.training import Shifts
from exporters.training.checkpoint import Checkpoint, content
from onespike_lava.errors import DataError, OneSpikeWarning
from onespike_lava.system.files import sweep_scratch
from tests.exporters.finetuning.trained import KilledError, killer, network, samples
from tests.sources import cnn

pytestmark = pytest.mark.usefixtures("one_thread")

PLAN = FineTuning(epochs=3, batch=20, rate=0.01, validation=0.2, seed=1)


@pytest.fixture(scope="module")
def net():
    return network()


@pytest.mark.parametrize(
    ("stops", "teacher"), [([3], None), ([8], None), ([9, 12], cnn()), ([20, 3], None)]
)
def test_a_killed_run_ends_with_the_network_of_one_that_was_not(net, tmp_path, stops, teacher):
    """Killed in both stages, at the end of an epoch and right behind it; 8 steps an epoch."""
    x, y = samples()
    options = {"tuning": PLAN, "augment": Shifts(1), "teacher": teacher}
    whole = finetune(net, x, y, **options)
    for stop in stops:
        with pytest.raises(KilledError):
            finetune(net, x, y, **options, work=tmp_path / "work", progress=killer(stop))
    found = finetune(net, x, y, **options, work=tmp_path / "work")
    assert found.network == whole.network
    assert (found.start, found.best) == (whole.start, whole.best)
    assert [each["loss"] for each in found.epochs] == [each["loss"] for each in whole.epochs]
    assert not (tmp_path / "work").exists()


def test_a_run_without_a_folder_of_its_own_is_swept_by_nobody(net, tmp_path, monkeypatch):
    """Another process removes scratch folders that nobody holds, at any time."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    left = []

    def progress(*_):
        sweep_scratch()
        left.append(len(list(tmp_path.rglob("state.pt"))))

    finetune(net, *samples(), tuning=PLAN, progress=progress)
    assert set(left) == {1}
    assert not list(tmp_path.iterdir())


def test_any_function_may_augment_a_run_that_goes_on(net, tmp_path):
    """Made anew for each call, as each process does."""

    def augment():
        return partial(lambda images, generator: images.flip(3))

    x, y = samples()
    with pytest.raises(KilledError):
        finetune(net, x, y, tuning=PLAN, augment=augment(), work=tmp_path, progress=killer(9))
    found = finetune(net, x, y, tuning=PLAN, augment=augment(), work=tmp_path)
    assert found.network == finetune(net, x, y, tuning=PLAN, augment=augment()).network


def test_a_folder_that_an_earlier_version_began_goes_on(net, tmp_path):
    """Killed in the last stage, before losses were kept."""
    x, y = samples()
    options = {"tuning": replace(PLAN, validation=0.0)}
    with pytest.raises(KilledError):
        finetune(net, x, y, **options, work=tmp_path, progress=killer(25))
    file = tmp_path / "state.pt"
    head, state = content(file)
    assert state["stage"] == 1
    del state["loss"]
    Checkpoint(file, head).save(state)
    found = finetune(net, x, y, **options, work=tmp_path)
    assert found.network == finetune(net, x, y, **options).network


def test_an_interrupted_run_gives_the_best_so_far_and_goes_on(net, tmp_path):
    x, y = samples()
    options = {"tuning": PLAN, "work": tmp_path / "work"}
    stop = killer(20, KeyboardInterrupt)
    cut = finetune(net, x, y, tmp_path / "cut.net", progress=stop, **options)
    assert not cut.ended
    assert len(cut.epochs) == 2
    assert cut.best == max(each["validation"] for each in cut.epochs)
    assert onespike_lava.load(tmp_path / "cut.net") == cut.network
    assert list((tmp_path / "work").iterdir())
    assert finetune(net, x, y, **options).network == finetune(net, x, y, tuning=PLAN).network
    early = finetune(net, x, y, tuning=PLAN, progress=killer(2, KeyboardInterrupt))
    assert (early.epochs, early.best, early.ended) == ([], None, False)


def test_another_run_in_the_folder_is_refused(net, tmp_path):
    x, y = samples()
    with pytest.raises(KilledError):
        finetune(net, x, y, tuning=PLAN, work=tmp_path, progress=killer(9))
    other = FineTuning(**{**PLAN.__dict__, "weight_bits": 4})
    with pytest.raises(DataError, match=r"state.pt: of another run, weight_bits was 8 and is 4"):
        finetune(net, x, y, tuning=other, work=tmp_path)


def test_a_folder_whose_state_was_removed_begins_anew(net, tmp_path):
    """As the message says; the stage that lies there has masks and weights of the other run."""
    x, y = samples()
    with pytest.raises(KilledError):
        finetune(net, x, y, tuning=PLAN, work=tmp_path, progress=killer(9))
    other = replace(PLAN, weight_bits=4, fan_in=9)
    (tmp_path / "state.pt").unlink()
    found = finetune(net, x, y, tuning=other, work=tmp_path)
    assert found.network == finetune(net, x, y, tuning=other).network
    assert not tmp_path.exists()


def test_a_slip_can_be_corrected_in_the_same_folder(net, tmp_path):
    x, y = samples(60)
    more = {"tuning": FineTuning(epochs=1, batch=20), "work": tmp_path / "run"}
    with pytest.raises(DataError, match=r"labels 1..5 are outside 0..4"):
        finetune(net, x, y + 1, **more)
    assert not (tmp_path / "run").exists()
    with pytest.raises(KilledError):
        finetune(net, x, y, progress=killer(2), **more)
    with pytest.raises(DataError, match="of another run, data was"):
        finetune(net, x, y + 1, **more)
    assert (tmp_path / "run" / "state.pt").exists()
    assert finetune(net, x, y, **more).ended


@pytest.mark.filterwarnings("ignore:rewiring")
def test_layers_without_a_weight_are_told_by_their_names(net):
    tuning = FineTuning(epochs=2, stages=1, batch=20, rate=0.2, drift=4.0, weight_bits=4)
    with pytest.warns(OneSpikeWarning, match=r"^finetune: all weights of conv1, .* are 0, so not"):
        found = finetune(net, *samples(60), tuning=replace(tuning, learn="labels")).network
    assert not found.layers[1].synapses[0].weight.any()
