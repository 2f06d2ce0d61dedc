"""The phase code against the paper's numbers and against its definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onespike_lava import coding
from onespike_lava.errors import OptionError


def test_check_values_of_section_3():
    values = np.array([12, 11, 7, 6]) / 16
    assert (coding.encode(values, 4, 2.0, shift=False) * 16 == [8, 8, 4, 4]).all()


def test_base_of_equation_5():
    assert coding.best_base(16) == 1.30
    assert coding.best_base(24) == 1.21


@given(st.integers(1, 32), st.integers(101, 200), st.booleans(), st.floats(0, 2))
def test_code_is_the_first_level_whose_threshold_is_reached(phases, percent, shift, value):
    base = percent / 100
    theta = (1 + 1 / base) / 2 if shift else 1.0
    expected = 0.0
    for k in range(1, phases + 1):
        if value >= theta * base ** -float(k):
            expected = base ** -float(k)
            break
    assert coding.encode(np.array([value]), phases, base, shift=shift)[0] == pytest.approx(expected)


def test_shift_halves_the_largest_error():
    """Sec. III-B1: half a step of error instead of a whole one."""
    values = np.linspace(2.0**-4, 0.5, 2000)
    floor, round_ = (
        np.abs(values - coding.encode(values, 4, 2.0, shift=s)).max() for s in (False, True)
    )
    assert round_ == pytest.approx(floor / 2, rel=0.01)


def test_payloads_round_the_levels():
    table = coding.payload_table(16, 1.3, 8)
    assert table.tolist() == [
        197, 151, 117, 90, 69, 53, 41, 31, 24, 19, 14, 11, 8, 7, 5, 4, 3
    ]  # fmt: skip
    assert coding.threshold_table(table).tolist()[:2] == [348, 268]
    assert coding.threshold_table(table, shift=False).tolist()[:2] == [394, 302]


def test_equal_neighbours_are_allowed():
    table = coding.payload_table(24, 1.21, 8)[:-1]
    assert (np.diff(table) == 0).sum() == 1


@pytest.mark.parametrize(("phases", "base", "most"), [(24, 1.3, 23), (9, 2.0, 8)])
def test_a_zero_payload_is_refused_with_the_way_out(phases, base, most):
    with pytest.raises(OptionError) as error:
        coding.payload_table(phases, base, 8)
    assert str(error.value) == (
        f"payload table: phase {most + 1} of {phases} rounds to 0 with base {base:g} and 8 payload "
        f"bits; use at most {most} phases or a smaller base"
    )
    assert coding.payload_table(most, base, 8)[most - 1] > 0


def test_the_fewest_payload_bits_are_named():
    with pytest.raises(OptionError, match=r"smaller base or at least 6 payload bits$"):
        coding.payload_table(16, 1.3, 5)
    assert coding.payload_table(16, 1.3, 6)[15] > 0


def test_bad_options():
    with pytest.raises(OptionError, match=r"^phases: 65 is outside 1..64; 16 is the default$"):
        coding.levels(65, 1.3)
    with pytest.raises(OptionError, match=r"^base: 1 is outside \(1, 2\]"):
        coding.levels(4, 1.0)
    with pytest.raises(OptionError, match=r"^payload bits: 0 is outside 1..8"):
        coding.payload_table(4, 1.3, 0)


@pytest.mark.parametrize("phases", [1, 2, 8, 32, 64])
@pytest.mark.parametrize("bits", [1, 4, 8])
def test_every_number_of_phases_has_a_base(phases, bits):
    base = coding.best_base(phases, bits=bits)
    assert coding.payload_table(phases, base, bits).min() >= 0
