"""Dense outputs judged place by place: classes by their overlap, numbers by their distance."""

import json

import numpy as np
import pytest

from onespike_lava.cli import main
from onespike_lava.errors import DataError, OptionError
from onespike_lava.evaluation.sharding import evaluate_file
from onespike_lava.evaluation.tally import evaluate
from onespike_lava.evaluation.targets import values_of
from onespike_lava.netx import save
from tests.base.evaluation.dense import dense
from tests.networks import random_samples

SAMPLES = 7


def test_mean_iou_is_that_of_the_classes_that_are_there():
    network = dense(4)
    x = random_samples(network, SAMPLES)
    found = network.predict(x)
    y = np.where(np.random.default_rng(0).random(found.shape) < 0.3, 2, found).reshape(-1, 4, 6)
    evaluation = evaluate(network, x, y)
    shares = [
        (found == each)[y.reshape(found.shape) == each].sum()
        / ((found == each) | (y.reshape(found.shape) == each)).sum()
        for each in np.union1d(found, y)
    ]
    assert evaluation.mean_iou == pytest.approx(np.mean(shares))
    assert evaluate(network, x, found).mean_iou == 1
    assert evaluate(network, x, y, mask=y == 2).mean_iou < 1
    assert evaluation.summary(network)["mean_iou"] == evaluation.mean_iou


def test_one_output_of_each_place_tells_two_classes_by_its_sign():
    network = dense(1)
    x = random_samples(network, SAMPLES)
    scores = network.run(x).scores
    np.testing.assert_array_equal(network.predict(x), scores > 0)
    assert evaluate(network, x, (scores > 0).astype(int)).accuracy == 1
    with pytest.raises(DataError, match=r"outside 0\.\.1"):
        evaluate(network, x, 2 * (scores > 0).astype(int))


@pytest.mark.parametrize("sigmoid", [False, True])
@pytest.mark.parametrize("blocks", [(1, 1), (2, 3)])
def test_numbers_are_compared_with_values(sigmoid, blocks):
    network = dense(2, blocks, sigmoid)
    x = random_samples(network, SAMPLES)
    shape = (SAMPLES, 2, 4 * blocks[0], 6 * blocks[1])
    values = values_of(network, network.run(x).scores).reshape(shape)
    logits = network.run(x).scores.reshape(shape) * 0.001
    np.testing.assert_allclose(values, 1 / (1 + np.exp(-logits)) if sigmoid else logits)
    y = values + np.random.default_rng(0).normal(size=shape)
    found = evaluate(network, x, y)
    assert found.squared_error == pytest.approx(((y - values) ** 2).mean())
    around = ((y - y.mean(axis=(0, 2, 3), keepdims=True)) ** 2).sum()
    assert found.r2 == pytest.approx(1 - ((y - values) ** 2).sum() / around)
    assert evaluate(network, x, np.moveaxis(y, 1, -1)).squared_error == found.squared_error
    assert evaluate(network, x, values).r2 == pytest.approx(1)
    with pytest.raises(DataError, match="accuracy"):
        _ = found.accuracy
    with pytest.raises(DataError, match=r"numbers of shape \[7, 5\] do not fit"):
        evaluate(network, x, y.reshape(SAMPLES, -1)[:, :5])


def test_the_command_line_prints_them(tmp_path, capsys):
    network = dense(2)
    save(network, tmp_path / "n.net")
    x = random_samples(network, SAMPLES)
    y = values_of(network, network.run(x).scores).reshape(SAMPLES, 2, 4, 6)
    np.savez(tmp_path / "d.npz", x=x, y=y)
    words = ["evaluate", str(tmp_path / "n.net"), "--data", str(tmp_path / "d.npz")]
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 0
    out = capsys.readouterr().out
    assert "R2" in out
    assert "accuracy" not in out
    with pytest.raises(SystemExit):
        main([*words, "--json", "--limit", "3"])
    found = json.loads(capsys.readouterr().out)
    assert found["r2"] == pytest.approx(1)
    assert found["accuracy"] is None
    with pytest.raises(OptionError, match="targets that are numbers need one"):
        evaluate_file(network, tmp_path / "d.npz", workers=2)
    np.savez(tmp_path / "d.npz", x=x, y=network.predict(x).reshape(SAMPLES, 4, 6))
    with pytest.raises(SystemExit):
        main(words)
    assert "mean IoU" in capsys.readouterr().out


def test_numbers_have_neither_mask_nor_accuracy_over_steps(tmp_path, capsys):
    network = dense(2)
    save(network, tmp_path / "n.net")
    x = random_samples(network, SAMPLES)
    y = values_of(network, network.run(x).scores).reshape(SAMPLES, 2, 4, 6)
    mask = np.ones((SAMPLES, 4, 6), bool)
    masked, stepped = "^mask: says which labels count, and", "^over_steps: is the accuracy after"
    with pytest.raises(DataError, match=masked):
        evaluate(network, x, y, mask=mask)
    with pytest.raises(OptionError, match=stepped):
        evaluate(network, x, y, over_steps=True)
    path = tmp_path / "d.npz"
    np.savez(path, x=x, y=y)
    with pytest.raises(OptionError, match=stepped):
        evaluate_file(network, path, over_steps=True)
    words = ["evaluate", str(tmp_path / "n.net"), "--data", str(path)]
    with pytest.raises(SystemExit) as ended:
        main([*words, "--over-steps"])
    assert ended.value.code
    assert "over_steps: is the accuracy after" in capsys.readouterr().err
    np.savez(path, x=x, y=y, mask=mask)
    with pytest.raises(DataError, match=masked):
        evaluate_file(network, path)
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code
    assert "mask: says which labels count" in capsys.readouterr().err
