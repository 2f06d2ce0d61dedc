"""Images as steps of spikes."""

import numpy as np
import pytest

from onespike_lava.errors import DataError, OptionError
from onespike_lava.learning.latency import UNIT, Contrast, encode


def plain(image, contrast):
    """One image, place by place."""
    height, width = image.shape
    found = np.zeros((2, height, width))
    for sign, kernel in enumerate(contrast.filters):
        for y in range(height):
            for x in range(width):
                for dy in range(-contrast.reach, contrast.reach + 1):
                    for dx in range(-contrast.reach, contrast.reach + 1):
                        if 0 <= y + dy < height and 0 <= x + dx < width:
                            weight = kernel[dy + contrast.reach, dx + contrast.reach]
                            found[sign, y, x] += weight * image[y + dy, x + dx]
    found[found < contrast.threshold * UNIT] = 0
    ranked = []
    for sign, y, x in zip(*np.nonzero(found), strict=True):
        around = contrast.around
        near = found[sign, max(0, y - around) : y + around + 1, max(0, x - around) : x + around + 1]
        ranked.append((-found[sign, y, x] / near.sum(), sign, y, x))
    steps = np.zeros((2, height, width), np.uint8)
    for rank, (_, sign, y, x) in enumerate(sorted(ranked)):
        steps[sign, y, x] = 1 + rank * contrast.steps // len(ranked)
    return steps


@pytest.mark.parametrize("contrast", [Contrast(), Contrast(0.5, 1, 1, 30, 2, 7)])
def test_as_place_by_place(contrast):
    images = np.random.default_rng(0).integers(0, 256, (3, 9, 7))
    expected = [plain(image, contrast) for image in images]
    assert np.array_equal(encode(images, contrast), expected)
    assert np.array_equal(encode(images[:, None].astype(np.uint8), contrast), expected)


def test_filters_have_no_answer_to_a_plain_plane():
    contrast = Contrast()
    for each in contrast.filters:
        assert abs(each.sum()) < 0.02 * UNIT
        assert each.max() == UNIT
    inner = encode(np.full((1, 20, 20), 200))[..., 5:-5, 5:-5]
    assert not inner.any()


def test_ranks_fill_all_steps_alike():
    steps = encode(np.random.default_rng(1).integers(0, 256, (1, 28, 28)))
    counts = np.bincount(steps.reshape(-1), minlength=16)[1:]
    assert len(counts) == 15
    assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize(
    ("images", "text"),
    [
        (np.zeros((2, 3, 4, 4)), "grey images"),
        (np.full((1, 4, 4), 0.5), "not integers of 0..255"),
        (np.full((1, 4, 4), np.nan), "images: 16 values are NaN"),
        (np.full((1, 4, 4), 256), "not integers of 0..255"),
        (np.zeros((0, 4, 4)), "grey images"),
    ],
)
def test_refuses_other_images(images, text):
    with pytest.raises(DataError, match=text):
        encode(images)


@pytest.mark.parametrize(
    ("given", "text"), [({"narrow": 2.0}, "do not rise"), ({"steps": 256}, "steps: 256 is outside")]
)
def test_refuses_options(given, text):
    with pytest.raises(OptionError, match=text):
        Contrast(**given)
