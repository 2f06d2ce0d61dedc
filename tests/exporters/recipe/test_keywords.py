"""Options as named keywords of the functions that take them."""

import inspect
from dataclasses import fields
from typing import get_type_hints

import pytest

import exporters
from exporters.gcn import conversion as gcn
from exporters.recipe.keywords import Keywords
from exporters.recipe.options import OPTIONS, PHASES, Options


def test_keywords_are_the_options_with_their_types():
    assert get_type_hints(Keywords) == get_type_hints(Options)
    assert list(Keywords.__annotations__) == [each.name for each in fields(Options)]


@pytest.mark.parametrize(
    ("function", "changed"),
    [
        (exporters.export, {}),
        (exporters.convert, {}),
        (exporters.tune, {"phases": PHASES, "wait": None}),
        (gcn.export, gcn.DEFAULTS),
    ],
)
def test_signatures_name_every_option_with_its_default(function, changed):
    shown = inspect.signature(function).parameters
    for each in OPTIONS:
        if changed.get(each.name, "") is not None:  # tune has waits of its own
            assert shown[each.name].default == changed.get(each.name, each.default)
    assert all(each.kind != each.VAR_KEYWORD for each in shown.values())
