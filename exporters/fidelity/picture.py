"""A picture that a notebook shows and a script saves."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onespike_lava.errors import OptionError
from onespike_lava.report import drawing

KINDS = ("svg", "png")


@dataclass(frozen=True)
class Picture:
    """A drawing: a notebook shows it in the colours of its page, `save` writes it.

    figure : the matplotlib figure
    """

    figure: Any

    def save(self, path: str | Path) -> None:
        """Write an `.svg` or `.png` file; `OptionError` for other endings."""
        target = Path(path)
        kind = kind_of(target)
        with drawing.style():
            drawing.save(self.figure, target.parent, target.stem, (kind,))

    def _repr_html_(self) -> str:
        """As a notebook shows it: lines and letters in the colour of the page's text."""
        with drawing.style():
            digest = hashlib.sha256(drawing.image(self.figure, "svg")).hexdigest()
            return f"<div>{drawing.inline(self.figure, f'picture-{digest[:8]}')}</div>"


def check(path: str | Path) -> None:
    """Refuse, before long work, a picture that cannot be: `OptionError`, `MissingPartError`."""
    kind_of(path)
    drawing.style("plot")


def kind_of(path: str | Path) -> str:
    """The kind of picture that a path names; `OptionError`."""
    kind = Path(path).suffix[1:].lower()
    if kind not in KINDS:
        raise OptionError(f"plot: {str(path)!r} ends neither in .svg nor in .png; rename it")
    return kind
