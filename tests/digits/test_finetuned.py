"""The digits network as one of spike counts: what tandem learning brings back, exact everywhere."""

# ruff: noqa: E402  (imports follow importorskip)

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx", reason="onnx reads the model")

from exporters import FineTuning, finetune
from onespike_lava.evaluation.comparison import first_difference
from onespike_lava.evaluation.tally import evaluate
from tests import DIGITS
from tests.digits.conftest import module

PLAN = FineTuning(epochs=5, batch=48, rate=1e-3)
STEPS = 4
LAVA_SAMPLES = 5


class KilledError(Exception):
    pass


@pytest.fixture(scope="module")
def found(split, tmp_path_factory):
    """Fine-tuned over four steps, killed on the way."""
    x, y = split[:2]
    work, seen = tmp_path_factory.mktemp("work"), [0]

    def progress(name, done, total):
        seen[0] += name == "training"
        if seen[0] == 30:
            raise KilledError

    options = {"code": "count", "phases": STEPS, "tuning": PLAN, "work": work}
    options["calibration"] = x[: module("data").CALIBRATION]
    with pytest.raises(KilledError):
        finetune(DIGITS / "digits.onnx", x, y, progress=progress, **options)
    assert list(work.iterdir())
    return finetune(DIGITS / "digits.onnx", x, y, **options)


def test_it_loses_less_than_the_primitive_conversion(found, split):
    _, _, x, y = split
    before, after = (evaluate(each, x, y).accuracy for each in (found.before, found.network))
    assert after > before
    assert after > 0.97


def test_every_engine_sends_the_same(found, split):
    x = split[2][:60]
    expected = found.network.run(x, "reference", record=True)
    for engine in ("numpy", "numba"):
        assert first_difference(found.network.run(x, engine, record=True), expected) is None, engine


def test_lava_sends_the_same(found, split):
    pytest.importorskip("lava.magma", reason="lava-nc is not installed (Python 3.10 only)")
    x = split[2][:LAVA_SAMPLES]
    expected = found.network.run(x, "reference", record=True)
    assert first_difference(found.network.run(x, "lava", record=True), expected) is None
