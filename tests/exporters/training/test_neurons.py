"""Neurons as modules: what they refuse, what they hold."""

import copy

import pytest

torch = pytest.importorskip("torch")

from exporters.training.neurons import CUBA, IF, LIF, Neuron  # noqa: E402
from exporters.training.surrogates import SuperSpike  # noqa: E402
from onespike_lava.errors import DataError, OptionError  # noqa: E402


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LIF(1.5), r"LIF: decay is 1\.5; give 0 to 1, what a step leaves"),
        (lambda: CUBA(0.5, -1), r"CUBA: current_decay is -1; give 0 to 1, what a step leaves"),
        (lambda: IF(threshold=0), "IF: threshold is 0; give a positive number"),
        (lambda: IF(reset="hard"), "IF: reset is 'hard'; give one of zero, subtract"),
        (
            lambda: IF(amount=2),
            "IF: amount is 2 with reset 'zero'; give a positive number, of reset 's",
        ),
        (
            lambda: IF(amount=0, reset="subtract"),
            "IF: amount is 0 with reset 'subtract'; give a pos",
        ),
        (lambda: LIF(float("nan")), "LIF: decay is nan; give 0 to 1, what a step leaves"),
    ],
)
def test_values_out_of_range_are_refused(make, message):
    with pytest.raises(OptionError, match=f"^{message}"):
        make()


def test_inputs_that_have_no_steps_or_are_integers_are_refused():
    with pytest.raises(DataError, match=r"^IF: input of shape \[5\]; give \[T, N, \.\.\.\], steps"):
        IF()(torch.zeros(5))
    with pytest.raises(DataError, match=r"^LIF: input of shape \[0, 3\]; give"):
        LIF()(torch.zeros(0, 3))
    with pytest.raises(DataError, match=r"^LIF: input of torch\.int64; give real numbers"):
        LIF()(torch.zeros(2, 3, dtype=torch.int64))


def test_attributes_have_the_fields_terms():
    neuron = CUBA(0.75, 0.25, threshold=2.0, reset="subtract")
    found = (neuron.decay, neuron.current_decay, neuron.threshold, neuron.reset, neuron.strict)
    assert found == (0.75, 0.25, 2.0, "subtract", True)
    assert (IF().decay, IF().current_decay, IF().strict) == (1.0, 0.0, False)
    assert not list(neuron.parameters())
    assert not neuron.state_dict()


def test_an_attribute_that_is_changed_counts():
    x = torch.full((6, 1, 1), 0.4)
    neuron = IF()
    assert neuron(x).sum() == 2
    neuron.threshold = 0.4
    assert neuron(x).sum() == 6
    assert copy.deepcopy(neuron)(x).sum() == 6


def test_another_amount_is_taken_off():
    """A threshold that is taken off a step later, behind the leak, as snnTorch does it."""
    torch.manual_seed(0)
    x, late = torch.rand(20, 5, 7, dtype=torch.float64), []
    v = spikes = torch.zeros_like(x[0])
    for arriving in x:
        v = 0.75 * v + arriving - spikes
        spikes = (v > 1).double()
        late.append(spikes)
    found = LIF(0.75, reset="subtract", amount=1 / 0.75, strict=True)(x)
    assert torch.equal(found, torch.stack(late))
    assert not torch.equal(found, LIF(0.75, reset="subtract", strict=True)(x))


def test_samples_of_none_come_back():
    assert Neuron()(torch.zeros(3, 0, 5)).shape == (3, 0, 5)


def test_print_says_what_it_is():
    assert "reset='subtract', amount=2, surrogate" in repr(IF(reset="subtract", amount=2))
    text = repr(CUBA(0.5, 0.25, surrogate=SuperSpike(1, 0.5)))
    assert text == (
        "CUBA(decay=0.5, current_decay=0.25, threshold=1, reset='zero', strict, "
        "surrogate=SuperSpike(height=1, width=0.5))"
    )
