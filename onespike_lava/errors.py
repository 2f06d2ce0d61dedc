"""Every error a user can cause, one class per kind of cause, under one base.

A message names the object, what was found, the limit and the way out, on one line.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable


def printable(text: str) -> str:
    """The text with escapes for what a terminal would obey or cannot show: one line."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


class OneSpikeError(Exception):
    """Base of all errors that this library raises on purpose.

    Names come from strangers' files, so what cannot be printed is escaped in a message.
    """

    def __str__(self) -> str:
        """The message on one line."""
        return printable(super().__str__())


class FormatError(OneSpikeError):
    """A `.net` file breaks a rule of FORMAT.md."""


class InvalidNetworkError(OneSpikeError):
    """An integer network breaks rules of the neuron; `violations` lists all of them."""

    def __init__(self, violations: Iterable[str]) -> None:
        """Keep every violation; the message joins them."""
        self.violations = tuple(violations)
        super().__init__("; ".join(self.violations))


class DataError(OneSpikeError):
    """Samples, labels or calibration data do not fit the network or the file layout."""


class OptionError(OneSpikeError):
    """An option has a value outside its range, or contradicts another."""


class UnsupportedError(OneSpikeError):
    """A source network holds something that has no one-spike counterpart here."""


class RefusedNodesError(UnsupportedError):
    """Nodes of a source network that cannot be converted; `nodes` lists them, each with why."""

    def __init__(self, text: str, nodes: Iterable[tuple[str, str]]) -> None:
        """Keep every node, as messages call it, and its reason."""
        self.nodes = tuple((printable(node), printable(reason)) for node, reason in nodes)
        super().__init__(text)


class StateError(OneSpikeError):
    """A state left 24 bits in a network that came without proof that it does not."""


class SelfCheckError(OneSpikeError):
    """A conversion changed what the network computes: a fault of this library, to be reported."""


class MissingPartError(OneSpikeError):
    """A part of the installation (an extra) is needed and absent."""


class LavaRunError(OneSpikeError):
    """A Lava run failed; the message ends with the traceback of the failing model."""

    __str__ = Exception.__str__


class WorkerError(OneSpikeError):
    """A process that work was given to ended, or cannot be reached."""


OURS = {"onespike_lava"}
"""Packages whose own lines a warning does not point to; one on top of this adds itself."""


class OneSpikeWarning(UserWarning):
    """Data or a network that are taken, but hardly as meant; the text is built as an error's."""


def warn(text: str) -> None:
    """Warn whoever called into the library; the command line shows it on stderr."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).split(".")[0] in OURS:
        level, frame = level + 1, frame.f_back
    warnings.warn(printable(text), OneSpikeWarning, stacklevel=level)
