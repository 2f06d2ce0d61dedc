"""Fine-tuned networks of four bits and few synapses in Lava, of one spike and of spike counts."""

import pytest

pytest.importorskip("lava.magma", reason="lava-nc is not installed (Python 3.10 only)")
pytest.importorskip("torch")

from exporters import FineTuning, finetune
from onespike_lava.evaluation.comparison import first_difference
from tests.exporters.finetuning.trained import OPTIONS, samples
from tests.sources import cnn


@pytest.mark.parametrize("options", [OPTIONS, {"code": "count", "phases": 5}])
def test_lava_sends_what_the_reference_sends(options):
    x, y = samples()
    tuning = FineTuning(epochs=2, batch=20, rate=0.02, weight_bits=4, fan_in=40)
    found = finetune(cnn(), x, y, tuning=tuning, **options).network
    expected = found.run(x[:3], "reference", record=True)
    assert first_difference(found.run(x[:3], "lava", record=True), expected) is None
