"""A report's page: whole in itself, inert, in one file."""

import re
import sys
from dataclasses import replace

import pytest

from onespike_lava.errors import MissingPartError
from onespike_lava.glossary import LINK
from onespike_lava.report import gather, page
from tests.base.report.networks import HOSTILE, Reader, data
from tests.networks import random_network
from tests.pruned import pruned


def test_page_is_whole_in_itself_and_names_are_inert(reported):
    _, text = reported
    found = Reader(text)
    assert not {"script", "img", "iframe", "object", "embed", "b onclick"} & set(found.tags)
    for tag, name, value in found.attributes:
        assert not name.startswith("on"), (tag, name)
        if name in ("src", "href", "action", "data", "xlink:href"):
            here = ("#", "data:,", "data:image/png;base64,")
            link = tag == "a" and value == LINK  # which loads nothing
            assert link or value.startswith(here), (tag, name, value)
    assert "@import" not in text
    assert found.text.count(HOSTILE[0]) >= 4  # in tables and figures, as they are
    assert any(HOSTILE[3] in part for part in found.text)
    assert any(HOSTILE[2] in part for part in found.text)


def test_ids_are_unique_and_headings_in_order(reported):
    found = Reader(reported[1])
    ids = [value for _, name, value in found.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    named = {value for _, name, value in found.attributes if name == "aria-labelledby"}
    assert named <= set(ids)
    inner = {v for tag, name, v in found.attributes if (tag, name) == ("a", "href") and v[0] == "#"}
    assert {each[1:] for each in inner} <= set(ids)
    assert {"#verdict", "#samples", "#glossary", "#term-wait", "#term-phase"} <= inner
    assert [tag for tag in found.tags if tag in ("h1", "h2", "h3")] == ["h1", *["h2"] * 10]
    pictures = [value for _, name, value in found.attributes if name == "aria-label"]
    assert found.tags.count("svg") == sum(
        name == "role" and v == "img" for _, name, v in found.attributes
    )
    assert all(pictures)


def test_what_was_not_given_is_said(reported):
    report, text = reported
    assert text.count('<span class="absent">give ') == 1
    assert '<span class="absent">give <code>--calibration</code></span>' in text
    assert "is not, by its SHA-256" in text
    alone = page(replace(report, comparison=None))
    assert '<span class="absent">give <code>--model</code></span>' in alone
    assert (
        '<span class="absent">give <code>--model</code> and <code>--calibration</code></span>'
        in alone
    )


def test_of_pruned_connections_it_tells_those_that_live(reported):
    network = pruned(random_network(3, phases=8))
    text = page(gather(network, *data(network)))
    for layer in network.layers:
        if layer.pruned:
            assert f"{layer.weights:,} of {layer.weights + layer.pruned:,}</td>" in text
    assert f"{network.weights:,} of {network.weights + network.pruned:,}</td>" in text
    assert " of " not in "".join(re.findall(r'<td class="n">[^<]*</td>', reported[1]))


@pytest.mark.parametrize("part", ["matplotlib", "jinja2"])
def test_a_missing_part_is_named(monkeypatch, part):
    if part == "matplotlib":
        pytest.importorskip("jinja2")
    network = random_network(3, phases=8)
    found = gather(network, *data(network))
    monkeypatch.setitem(sys.modules, part, None)
    with pytest.raises(
        MissingPartError, match=rf"^report: {part} is not installed; run pip install"
    ):
        page(found)
