"""The one door to matplotlib: how figures look, and how they become files or part of a page."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from onespike_lava.errors import DataError, MissingPartError, OptionError
from onespike_lava.system.files import write_atomic
from onespike_lava.system.parts import need

STYLE = {
    "svg.hashsalt": "onespike",
    "font.size": 9,
    "figure.dpi": 100,
}
"""The same bytes for the same numbers."""

INK = "#000000"
"""What a page draws in its own colour of text."""

BLUE, VIOLET, ORANGE, GREY = "#2f7ed8", "#9d5bb0", "#c8641e", "#808080"
"""Colours of data, legible on white and on black."""

ABOVE: dict[str, Any] = {
    "loc": "lower left",
    "bbox_to_anchor": (0, 1),
    "ncols": 2,
    "borderaxespad": 0,
    "frameon": False,
    "labelcolor": INK,
}
"""A legend that hides no data."""

WIDTH = 4.8
"""Of a broad figure in inches: at the size of the page's text it fits a telephone."""

FONT = re.compile(r"font-family: [^;]*;? ?")
"""The page's own font serves instead."""


@dataclass(frozen=True)
class Figure:
    """A figure to be drawn.

    name : of its file, without an ending, and of its ids on a page
    alt  : what it shows, in words
    draw : makes it, a matplotlib figure
    """

    name: str
    alt: str
    draw: Callable[[], Any]


def style(who: str = "report") -> AbstractContextManager[Any]:
    """A context in which figures are drawn and saved.

    who : what draws, in messages

    Raises `MissingPartError` without matplotlib, `OptionError` where its settings are unsound.
    """
    try:
        mpl = need("matplotlib.figure", who, extra="report")
    except MissingPartError as error:
        if not isinstance(error.__cause__, ValueError):
            raise
        reason = str(error.__cause__).splitlines()[0][:80]
        raise OptionError(
            f"{who}: matplotlib does not load ({reason}); correct or unset MPLBACKEND, or correct "
            "matplotlibrc"
        ) from None
    context: AbstractContextManager[Any] = mpl.rc_context(STYLE)
    return context


def subplots(rows: int = 1, columns: int = 1, **options: Any) -> tuple[Any, Any]:
    """A figure and its axes as `pyplot.subplots` gives them, on no screen and kept nowhere."""
    from matplotlib.figure import Figure

    sharey = options.pop("sharey", False)
    figure = Figure(**options)
    return figure, figure.subplots(rows, columns, sharey=sharey)


def axes(width: float, height: float) -> tuple[Any, Any]:
    """A figure of one pair of axes, sizes in inches."""
    figure, axis = subplots(figsize=(width, height))
    axis.spines[["top", "right"]].set_visible(False)
    axis.locator_params(axis="x", nbins=6)
    return figure, axis


def mixed(one: str, two: str, share: float) -> str:
    """A colour between two, `share` of the second."""
    parts = [(int(one[at : at + 2], 16), int(two[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in parts)


def ramp() -> Any:
    """A colour map of shades that are legible on white and on black."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("onespike", [BLUE, VIOLET, ORANGE])


def finished(figure: Any) -> Any:
    """The figure, its parts in their places."""
    with quiet():
        figure.tight_layout()
    return figure


def short(name: str) -> str:
    """A name that leaves room for the data, on one line; a dollar opens no formula."""
    line = " ".join(name.split())
    line = line if len(line) <= 24 else f"{line[:12]}…{line[-11:]}"
    return line.replace("$", r"\$")


def image(figure: Any, kind: str) -> bytes:
    """A figure as `svg`, the same bytes for the same numbers, or as `png`."""
    content = io.BytesIO()
    options = {"metadata": {"Date": None}} if kind == "svg" else {"dpi": 200}
    with quiet():
        figure.savefig(content, format=kind, **options)
    return content.getvalue()


@contextmanager
def quiet() -> Iterator[None]:
    """No warnings of letters that matplotlib's font lacks; a page shows them in its own."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+", UserWarning)
        yield


def save(figure: Any, folder: str | Path, name: str, kinds: tuple[str, ...] = ("svg",)) -> None:
    """Write `name.svg`, `name.png` or both; `DataError` where the folder does not take it."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"{folder}: no folder for figures ({error.strerror}); give another"
        ) from None
    for kind in kinds:
        write_atomic(Path(folder) / f"{name}.{kind}", image(figure, kind))


def inline(figure: Any, name: str) -> str:
    """A figure as an `<svg>` element whose lines and text take the colour of the page's text.

    name : letters, digits and hyphens; makes the ids in it unique on the page
    """
    import matplotlib as mpl

    for part in (figure, *figure.axes):
        part.patch.set_alpha(0)
    with mpl.rc_context({"svg.fonttype": "none"}):
        root = ElementTree.fromstring(image(figure, "svg"))
    for parent in list(root.iter()):
        for child in [each for each in parent if each.tag.endswith(("}metadata", "}style"))]:
            parent.remove(child)
    for element in root.iter():
        _for_page(element, name)
    width, height = figure.get_size_inches() * 72
    root.attrib.clear()
    root.attrib.update(viewBox=f"0 0 {width:g} {height:g}", width=f"{width:g}")
    root.attrib["aria-hidden"] = "true"
    return ElementTree.tostring(root, encoding="unicode")


def _for_page(element: ElementTree.Element, name: str) -> None:
    """Ids of the page's own, no fonts, black as the colour of text; plain names of HTML."""
    element.tag = element.tag.rpartition("}")[2]
    found = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
    for key, value in found.items():
        if key == "id":
            value = f"{name}-{value}"
        elif key in ("href", "clip-path"):
            value = value.replace("#", f"#{name}-", 1)
        elif key == "style":
            value = FONT.sub("", value.replace(INK, "currentColor"))
        found[key] = value
    if element.tag == "text" and "fill" not in found.get("style", ""):
        found["fill"] = "currentColor"
    element.attrib.clear()
    element.attrib.update(found)
