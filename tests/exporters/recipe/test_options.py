"""A recipe's option is declared once, and is there wherever options are named."""

import re
from dataclasses import dataclass
from itertools import product

import click
import pytest
from click.testing import CliRunner

from exporters.cli import export, tune
from exporters.cli import recipe as recipes
from exporters.recipe import CHOICES, PAPER, Recipe
from exporters.recipe.declaration import SWITCH, WHOLE, option, options
from exporters.recipe.options import OPTIONS
from exporters.recipe.provenance import missing, recalled, told
from onespike_lava.errors import OptionError, UnsupportedError
from tests import ROOT


@dataclass(frozen=True)
class Wider(Recipe):
    """A recipe with options that nothing else knows of."""

    made_up: str = option("one", choices=("one", "two"), help="Made up.", provenance="made_up")
    turns: int = option(3, WHOLE, help="How often.", axis="How often, all of them.")
    quick: bool = option(True, SWITCH, help="Slowly.", axis="Quick: on, off.", provenance="pace")


WIDER = options(Wider)


def called(decorate, words):
    """What a command with such options reads from words, or its help."""
    found = {}

    @click.command()
    @decorate
    def command(**values):
        found.update(values)

    done = CliRunner().invoke(command, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return found or done.output


def test_a_made_up_option_is_an_option_of_export():
    text = called(recipes.declared(WIDER), ["--help"])
    assert re.search(r"--made-up \[one\|two\] +Made up\. +\[default: one\]", text)
    assert re.search(r"--turns INTEGER +How often\. +\[default: 3\]", text)
    assert re.search(r"--no-quick +Slowly\.", text)
    read = called(recipes.declared(WIDER), ["--made-up", "two", "--no-quick", "--phases", "8"])
    recipe = Wider(**recipes.given(WIDER, read))
    assert (recipe.made_up, recipe.turns, recipe.quick, recipe.phases) == ("two", 3, False, 8)


def test_a_made_up_option_is_an_axis_of_tune():
    text = called(recipes.axes(WIDER), ["--help"])
    assert re.search(r"--made-up A,B,\.\.\. +one, two\.", text)
    assert re.search(r"--turns A,B,\.\.\. +How often, all of them\.", text)
    words = ["--made-up", "one,two", "--turns", "1, 2", "--quick", "on,off"]
    found = recipes.grid(WIDER, called(recipes.axes(WIDER), words))
    assert found == {"made_up": ["one", "two"], "turns": [1, 2], "quick": [True, False]}
    with pytest.raises(OptionError, match="turns: 'few' is not a list such as 8,12,16; correct it"):
        recipes.grid(WIDER, {"turns": "few"})


def test_a_made_up_option_is_told_and_recalled():
    known = told(Wider(made_up="two", quick=False))
    assert (known["made_up"], known["pace"]) == ("two", "off")
    assert recalled(known, WIDER) | {"made_up": "two", "quick": False} == recalled(known, WIDER)
    assert missing(told(Recipe()), WIDER) == ["made_up"]


def test_a_made_up_option_is_checked_and_said_again():
    with pytest.raises(OptionError, match="made_up: 'three' is not one of one, two; choose one"):
        Wider(made_up="three")
    with pytest.raises(OptionError, match=r"turns: 1\.5 is not a whole number; give one"):
        Wider(turns=1.5)
    words = {each.name: each for each in WIDER}
    assert words["made_up"].words("two") == ["--made-up", "two"]
    assert words["quick"].words(False) == ["--no-quick"]
    assert words["quick"].words(True) == []


def test_every_option_is_on_the_command_line():
    names = {each.name for each in OPTIONS}
    assert names <= {each.name for each in export.command.params}
    wanted = {each.name for each in OPTIONS if each.axis_help is not None}
    assert wanted == names - {"bases", "spikes", "input_range", "wait"}
    assert wanted <= {each.name for each in tune.command.params}


@pytest.mark.parametrize("shift", [True, False])
def test_what_a_file_tells_gives_the_options_back(shift):
    names = ("normalisation", "scale", "levels", "correct", "rounding", "input_coding", "pool")
    for words in product(*(CHOICES[name][-2:] for name in names)):
        given = dict(zip(names, words, strict=True)) | {"shift": shift}
        given["levels"] = "base"
        known = told(Recipe(**given))
        assert not missing(known)
        assert recalled(known) == given
    assert known["threshold_shift"] == ("on" if shift else "off")
    assert known["normalisation"] == "mse, layer"
    del known["threshold_shift"]
    assert not missing(known)


@pytest.mark.parametrize("text", ["mse", "mse, layer, more"])
def test_words_that_tell_no_options_are_refused(text):
    known = told(Recipe()) | {"normalisation": text}
    message = f"network: its provenance tells normalisation as '{text}', which is no normalisation"
    with pytest.raises(UnsupportedError, match=message):
        recalled(known)


def test_the_papers_options_are_declared_too():
    assert PAPER == {"normalisation": "max", "levels": "base", "correct": "none"}


@pytest.mark.parametrize("package", ["cli", "tuning", "analysis"])
def test_nobody_lists_options(package):
    """The words of other things, such as a sample's rounding, left out."""
    for path in sorted((ROOT / "exporters" / package).glob("*.py")):
        found = re.search(r'"-*(normalisation|levels|max.spikes|input.coding)"', path.read_text())
        assert not found, path
