"""A network as tables, at a prompt and in a notebook."""

import re
from dataclasses import replace

import pytest

from onespike_lava import load
from onespike_lava.system.tables import SHOWN, Page, Table
from tests import DIGITS
from tests.markup import SMALL, Cells
from tests.networks import random_network, random_samples, random_timed_network
from tests.pruned import pruned


def test_a_shipped_network():
    network = load(DIGITS / "digits.net")
    text = str(network.summary())
    assert "conv1    conv  16x8x8   image      144       1.7%      16..4905" in text
    found = Cells(network._repr_html_())
    assert found.open == []
    assert found.rows[0][:3] == ["name", "type", "shape"]
    assert [row[0] for row in found.rows[1:]] == [each.name for each in network.layers]
    assert len(network._repr_html_()) < SMALL


@pytest.mark.parametrize("draw", [random_network, random_timed_network])
def test_summaries_of_drawn_networks(draw):
    network = draw(4)
    page = network.summary()
    assert repr(page) == str(page)
    assert Cells(page._repr_html_()).open == []
    for layer in network.layers:
        assert layer.name in str(page)
    assert ("voltage decay" in str(page)) == network.steps


def test_long_tables_are_cut_in_the_middle_and_text_is_not():
    table = Table([(f"layer{number}", number) for number in range(1000)], ("name", "size"))
    found = Cells(table._repr_html_())
    assert len(found.rows) == SHOWN + 2
    assert found.rows[SHOWN // 2 + 1] == [f"... {1000 - SHOWN} more ..."]
    assert found.rows[-1] == ["layer999", "999"]
    assert str(table).count("\n") == 1000
    assert len(table._repr_html_()) < SMALL


def test_names_are_text_and_nothing_else():
    network = load(DIGITS / "digits.net")
    layers = list(network.layers)
    layers[1] = replace(layers[1], name="<script>alert(1)</script>")
    named = replace(network, layers=tuple(layers))
    assert "script" not in Cells(named._repr_html_()).tags
    assert "\x1b" not in str(Table([("\x1b[31mred", 1)]))


@pytest.mark.parametrize("draw", [random_network, random_timed_network])
def test_runs(draw):
    network = draw(4)
    run = network.run(random_samples(network, 5), record=True)
    page = run._repr_html_()
    found = Cells(page)
    assert found.open == []
    assert repr(run) in found.text
    assert found.rows[0] == ["layer", "spikes", "in each sample"]
    assert [row[0] for row in found.rows[1:]] == list(run.spikes)
    assert [int(row[1].replace(",", "")) for row in found.rows[1:]] == list(run.spikes.values())
    assert len(page) < SMALL


def test_what_notebooks_show_has_no_colours_of_its_own():
    """So that it is legible on a light page and on a dark one."""
    network = load(DIGITS / "digits.net")
    for page in (network._repr_html_(), network.summary()._repr_html_()):
        assert not re.search(r"#[0-9a-f]{3,6}|\b(white|black)\b", page)
        assert set(re.findall(r"(?:color|background):([^;\"]+)", page)) <= {"inherit", "none"}
        assert "overflow-x:auto" in page or page.startswith("<table")


def test_tables_without_rows_are_left_out():
    page = Page([Table([], ("a", "b")), Table([(1, 2)])])
    assert str(page) == "1  2"


def test_of_pruned_connections_weights_that_live():
    network = pruned(load(DIGITS / "digits.net"), 0.25)
    layer = network.layers[1]
    live = int(layer.synapses[0].live.sum())
    assert (layer.weights, layer.pruned) == (live, 144 - live)
    assert 10 < live < 70
    assert f"{live} of 144" in str(network.summary())
    assert f"{network.weights} of {network.weights + network.pruned}" in str(network.summary())
    assert " of " not in str(load(DIGITS / "digits.net").summary()).split("\n\n")[1]
    assert network.weights == sum(each.weights for each in network.layers)
