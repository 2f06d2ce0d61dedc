"""Tables as text for a terminal and as HTML for a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from onespike_lava.errors import printable

Row = Sequence[object]

SHOWN = 40
"""Rows of a table in a notebook; what is left out stands in the middle."""

CELL = "padding:0.15em 0.6em;border:0;border-bottom:1px solid rgba(127,127,127,0.35)"
"""No colours of its own, so that it looks right on light and dark pages."""


@dataclass(frozen=True, repr=False)
class Table:
    """Rows of cells below a header, which may be absent; the first column is flush left."""

    rows: Sequence[Row]
    header: Row = ()

    def __str__(self) -> str:
        """Aligned columns; what names from files would have a terminal do is escaped."""
        lines = [self.header, *self.rows] if self.header else list(self.rows)
        texts = [[printable(str(cell)) for cell in line] for line in lines]
        widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
        return "\n".join(_aligned(text, widths) for text in texts)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """As a notebook shows it."""
        rows = list(map(_html_row, self.rows))
        if len(rows) > SHOWN:
            half, left = SHOWN // 2, len(rows) - SHOWN
            between = f'<tr><td style="{CELL}">... {left} more ...</td></tr>'
            rows[half:-half] = [between]
        head = [f"<thead>{_html_row(self.header, 'th')}</thead>"] if self.header else []
        style = "border-collapse:collapse;font-size:0.9em"
        return f'<table style="{style}">{"".join(head)}<tbody>{"".join(rows)}</tbody></table>'


@dataclass(frozen=True, repr=False)
class Page:
    """Tables one below the other."""

    tables: Sequence[Table]

    def __str__(self) -> str:
        """As text."""
        return "\n\n".join(map(str, self._filled()))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """As a notebook shows it."""
        return "<br>".join(each._repr_html_() for each in self._filled())

    def _filled(self) -> Iterable[Table]:
        return (each for each in self.tables if each.rows)


def shown(what: object, *tables: Table) -> str:
    """HTML of an object in a notebook: the line of its `repr`, and tables below it."""
    line = escape(printable(repr(what)))
    head = f'<div><code style="background:none;color:inherit">{line}</code></div>'
    return f'<div style="overflow-x:auto">{head}{Page(tables)._repr_html_()}</div>'


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = (
        cell.ljust(width) if place == 0 else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join([first, *rest]).rstrip()


def _html_row(cells: Row, kind: str = "td") -> str:
    found = []
    for place, cell in enumerate(cells):
        style = f"{CELL};text-align:{'right' if place else 'left'}"
        found.append(f'<{kind} style="{style}">{escape(str(cell))}</{kind}>')
    return f"<tr>{''.join(found)}</tr>"
