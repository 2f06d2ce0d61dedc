"""Images moved and mirrored."""

import pytest

torch = pytest.importorskip("torch")

from exporters.training.augmentation import Shifts  # noqa: E402
from onespike_lava.errors import DataError, OptionError  # noqa: E402


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_every_image_is_a_moved_one():
    """Told by its pixels, which are all different; every move within reach comes."""
    image = torch.arange(1.0, 37).reshape(1, 6, 6)
    padded = torch.nn.functional.pad(image, (2, 2, 2, 2), value=-1)
    moved = {
        tuple(flip(padded[:, i : i + 6, j : j + 6]).flatten().tolist()): (i, j, number)
        for number, flip in enumerate((lambda x: x, lambda x: x.flip(2)))
        for i in range(5)
        for j in range(5)
    }
    many = image.expand(600, 1, 6, 6)
    both = [
        moved[tuple(each.flatten().tolist())]
        for each in Shifts(2, mirror=True, fill=-1)(many, generator())
    ]
    assert len(set(both)) == 50
    plain = [
        moved[tuple(each.flatten().tolist())] for each in Shifts(2, fill=-1)(many, generator())
    ]
    assert {flipped for _, _, flipped in plain} == {0}
    assert len(set(plain)) == 25


def test_bytes_stay_bytes_and_a_seed_says_all():
    x = torch.randint(0, 255, (9, 3, 8, 8), dtype=torch.uint8)
    before = x.clone()
    one, other = Shifts()(x, generator(1)), Shifts()(x, generator(1))
    assert one.dtype == torch.uint8
    assert torch.equal(one, other)
    assert torch.equal(x, before)
    assert not torch.equal(one, Shifts()(x, generator(2)))


def test_what_is_no_image_is_refused():
    with pytest.raises(DataError, match=r"^Shifts: images of shape \[4, 8\]; give \[N, C, H, W\]$"):
        Shifts()(torch.zeros(4, 8), generator())
    with pytest.raises(OptionError, match=r"^Shifts: reach is -1; give 0 or more pixels$"):
        Shifts(-1)
    for shape in ((4, 1, 8, 4), (4, 2, 1, 20)):  # a signal along time has one row
        reach = min(shape[2:])
        with pytest.raises(DataError, match=rf"moves of up to {reach} pixels leave nothing of "):
            Shifts(reach)(torch.zeros(shape), generator())
        assert Shifts(reach - 1, mirror=True)(torch.zeros(shape), generator()).shape == shape
