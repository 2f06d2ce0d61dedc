"""Options as named keywords of the functions that take them."""

import importlib
import inspect
from collections.abc import Sequence
from dataclasses import fields
from typing import get_type_hints

import pytest

import exporters
from exporters.gcn import conversion as gcn
from exporters.nir.foreign.assumptions import Assumptions
from exporters.recipe.keywords import Axes, Keywords, StepKeywords
from exporters.recipe.options import OPTIONS, PHASES, Options
from exporters.recipe.stepping import STEP_OPTIONS, StepRecipe


def test_keywords_are_the_options_with_their_types():
    assert get_type_hints(Keywords) == get_type_hints(Options)
    assert list(Keywords.__annotations__) == [each.name for each in fields(Options)]


def test_those_of_networks_that_step_too():
    assert get_type_hints(StepKeywords) == get_type_hints(StepRecipe)
    shown = inspect.signature(exporters.convert_spiking).parameters
    assert {each.name: each.default for each in STEP_OPTIONS} == {
        name: each.default for name, each in shown.items() if name in StepKeywords.__annotations__
    }
    assert all(each.kind != each.VAR_KEYWORD for each in shown.values())


def test_axes_are_the_options_or_several_of_their_values():
    one, many = get_type_hints(Keywords), get_type_hints(Axes)
    assert set(one) - set(many) == {"wait"}  # a parameter of `tune`
    for each in OPTIONS:
        if each.name in many and each.axis_help is not None:
            assert many[each.name] == one[each.name] | Sequence[one[each.name]], each.name
        elif each.name in many:
            assert many[each.name] == one[each.name]


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


@pytest.mark.parametrize("face", ["onespike_lava", "exporters", "exporters.training"])
def test_no_public_function_hides_its_options(face):
    """Completion and help know every keyword."""
    if face != "onespike_lava":
        pytest.importorskip("torch", reason="torch is not installed")
    module = importlib.import_module(face)
    for name in module.__all__:
        each = getattr(module, name)
        if callable(each) and not (inspect.isclass(each) and issubclass(each, Exception)):
            kinds = {one.kind for one in inspect.signature(each).parameters.values()}
            assert inspect.Parameter.VAR_KEYWORD not in kinds, name


def test_nir_names_what_is_assumed():
    own = list(inspect.signature(exporters.read_nir).parameters)
    assert own == ["path", "int8", *(each.name for each in fields(Assumptions))]
