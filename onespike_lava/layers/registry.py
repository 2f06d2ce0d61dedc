"""Behaviour by class: what a place of the library does with each kind of part.

A place (an engine, the file, the rules) has one registry of what it looks at: layers, codes or
connections. A new class of these is an entry in each; where there is none, a message says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from onespike_lava.errors import UnsupportedError

Entry = TypeVar("Entry")

REGISTRIES: list[Registry[Any]] = []
"""Every registry that has been made, for tests."""


class Registry(Generic[Entry]):
    """Class -> what the place does with its objects.

    place : as messages name it, such as `engine numpy`
    kinds : the classes that it is asked about
    """

    def __init__(self, place: str, kinds: tuple[type, ...]) -> None:
        self.place, self.kinds = place, kinds
        self.entries: dict[type, Entry] = {}
        self.refused: set[type] = set()
        REGISTRIES.append(self)

    def add(self, *classes: type) -> Callable[[Entry], Entry]:
        """A decorator that makes a function or class the entry of some classes."""

        def register(entry: Entry) -> Entry:
            for each in classes:
                self.entries[each] = entry
            return entry

        return register

    def refuse(self, *classes: type) -> None:
        """Say that the place has no part for these, though it may for their base class."""
        self.refused.update(classes)

    def of(self, part: object) -> Entry:
        """The entry for an object, that of its nearest base class; `UnsupportedError` if none."""
        for each in type(part).__mro__:
            if each in self.refused:
                break
            if each in self.entries:
                return self.entries[each]
        name = getattr(part, "name", type(part).__name__)
        raise UnsupportedError(
            f"{name}: {self.place} has no part for {type(part).__name__}; it knows "
            f"{', '.join(each.__name__ for each in self.entries)}"
        )

    def __iter__(self) -> Iterator[type]:
        """The classes that have an entry."""
        return iter(self.entries)
