"""What one option of a recipe is.

Declared once, an option is there on the command line, as an axis of a search, in the
provenance of files and where a network is converted anew from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

from onespike_lava.errors import OptionError


@dataclass(frozen=True)
class Kind:
    """How the values of an option are written as words.

    read      : the value of a word; `ValueError` for a word that is none
    write     : the word of a value
    per_layer : the option maps names of layers to such values
    """

    read: Callable[[str], Any]
    write: Callable[[Any], str] = str
    per_layer: bool = False


def _base(word: str) -> float | str:
    return word if word == "auto" else float(word)


def _switch(word: str) -> bool:
    if word not in ("on", "off"):
        raise ValueError(word)
    return word == "on"


def _pair(word: str) -> tuple[float, float]:
    low, high = map(float, word.split(","))
    return low, high


WORD = Kind(str)
WHOLE = Kind(int)
BASE = Kind(_base)
SWITCH = Kind(_switch, lambda value: "on" if value else "off")
PAIR = Kind(_pair, lambda value: ",".join(map(str, value)))
NUMBER_OF_LAYER = Kind(float, per_layer=True)
WHOLE_OF_LAYER = Kind(int, per_layer=True)


@dataclass(frozen=True)
class Option:
    """One option of a recipe.

    help       : of `onespike export`
    group      : of options in that help
    choices    : the words that it may be, () for other values
    flag       : its name on the command line, where that is not its own
    metavar    : of its value there, where that does not follow from the kind
    open       : the command line leaves it to the recipe unless given, since `--paper` and graph
                 networks have other defaults; `help` then says what it is
    axis       : its help as an axis of `onespike tune`, where that is not `help` or the
                 choices; None where it is no axis
    provenance : key of a file's provenance that tells it; options of one key stand side by side.
                 None for what the network itself tells
    silent     : its provenance says nothing of the default, as that of files made before it
    paper      : its value in the paper's own method, None where that leaves it open
    """

    name: str
    default: Any
    kind: Kind
    help: str = ""
    group: str = ""
    choices: tuple[str, ...] = ()
    flag: str = ""
    metavar: str | None = None
    open: bool = False
    axis: str | None = ""
    provenance: str | None = None
    silent: bool = False
    paper: str | None = None

    @property
    def long(self) -> str:
        """Its name on the command line."""
        if self.kind is SWITCH:
            return f"--no-{self.name.replace('_', '-')}"
        return "--" + (self.flag or self.name.replace("_", "-"))

    @property
    def axis_help(self) -> str | None:
        """Its help as an axis of a grid; None where it is none."""
        if self.axis is None or self.kind.per_layer or self.kind is PAIR:
            return None
        return self.axis or (f"{', '.join(self.choices)}." if self.choices else self.help)

    def values(self, text: str) -> list[Any]:
        """The values of an axis as the command line gives them, `8,12,16`; `OptionError`."""
        try:
            return [self.kind.read(word.strip()) for word in text.split(",")]
        except ValueError:
            name = self.name.replace("_", "-")
            raise OptionError(
                f"{name}: {text!r} is not a list such as 8,12,16; correct it"
            ) from None

    def words(self, value: Any) -> list[str]:
        """What a command line says for the value."""
        if self.kind is SWITCH:
            return [] if value else [self.long]
        if value is None:
            return []
        if self.kind.per_layer:
            pairs = (f"{layer}={self.kind.write(own)}" for layer, own in value.items())
            return [word for pair in pairs for word in (self.long, pair)]
        text = self.kind.write(value)
        return [f"{self.long}={text}"] if text.startswith("-") else [self.long, text]


def option(default: Any, kind: Kind = WORD, **declared: Any) -> Any:
    """The field of a dataclass of options; `declared` as in `Option`."""
    metadata = {"option": {"default": default, "kind": kind, **declared}}
    if kind.per_layer:
        return field(default_factory=dict, metadata=metadata)
    return field(default=default, metadata=metadata)


def options(recipe: type) -> tuple[Option, ...]:
    """The options of a dataclass, in order."""
    return tuple(Option(each.name, **each.metadata["option"]) for each in fields(recipe))
