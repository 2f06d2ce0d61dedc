"""Dense outputs as pictures on the page."""

import re

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")

from onespike_lava.report import gather, page
from onespike_lava.report.pictures import SHOWN, Pictures
from tests.base.evaluation.dense import dense
from tests.networks import random_samples


@pytest.mark.parametrize("classes", [1, 4])
def test_a_page_shows_what_comes_of_the_first_samples(classes):
    network = dense(classes)
    x = random_samples(network, 9)
    y = network.predict(x).reshape(-1, 4, 6)
    report = gather(network, x, y)
    assert report.pictures.inputs.shape == (SHOWN, 4, 6)
    np.testing.assert_array_equal(report.pictures.outputs, y[:SHOWN])
    html = page(report)
    assert "below each the class of each place, one of" in html
    assert len(re.findall('href="data:image/png;base64,', html)) == 2 * SHOWN
    assert "Mean IoU" in html


def test_numbers_are_shown_as_they_are():
    network = dense(1, (2, 2))
    x = random_samples(network, 3)
    values = network.run(x).scores.reshape(3, 1, 8, 12) * 0.001
    report = gather(network, x, values)
    np.testing.assert_allclose(report.pictures.outputs, values[:, 0])
    html = page(report)
    assert "mean squared error" in html
    assert "below each the values" in html


def test_a_network_with_one_class_a_sample_has_no_pictures():
    from tests.networks import random_network

    network = random_network(1)
    report = gather(network, random_samples(network, 3))
    assert report.pictures is None
    assert Pictures.__name__ not in page(report)
