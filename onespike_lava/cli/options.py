"""Options and small manners that commands share."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from onespike_lava.cli import paths
from onespike_lava.errors import DataError, OptionError, printable

if TYPE_CHECKING:
    from onespike_lava.data.samples import Labelled
    from onespike_lava.network import Network

F = TypeVar("F", bound=Callable[..., Any])

NET = click.argument("net", type=paths.NET, metavar="NET.net")
DATA = click.option("--data", required=True, type=paths.SAMPLES, metavar="D.npz", help="x and y.")
LIMIT = click.option("--limit", type=click.IntRange(min=1), help="Only the first N samples.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
WAIT = click.option("--wait", type=int, metavar="T_w", help="Phases to wait; default the file's.")
WORKERS = click.option(
    "--workers", type=int, default=1, show_default=True, help="Processes that share the work."
)
SCHEDULER = click.option(
    "--scheduler", metavar="ADDRESS", help="Of a Dask cluster that does the work."
)


class Number(click.types.FloatParamType):
    """A number within limits, neither infinite nor NaN."""

    def __init__(self, low: float = -1e9, high: float = 1e9) -> None:
        self.low, self.high = low, high

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number."""
        found = super().convert(value, param, ctx)
        if not self.low <= found <= self.high:
            self.fail(f"{value} is outside {self.low:g}..{self.high:g}.", param, ctx)
        return found


ENGINES = click.Choice(["auto", "numpy", "reference", "numba", "lava"])


def engine(default: str = "auto") -> Callable[[F], F]:
    """The option `--engine`."""
    return click.option(
        "--engine", type=ENGINES, default=default, show_default=True, help="What computes it."
    )


STOCK = click.option(
    "--stock", is_flag=True, help="With --engine lava: Lava's own processes alone."
)


def engine_name(engine: str, stock: bool) -> str:
    """The engine that the two options stand for."""
    if not stock:
        return engine
    if engine != "lava":
        raise OptionError(f"--stock: needs --engine lava, found {engine}; add it or leave it out")
    return "stock"


def samples(path: str, network: Network, limit: int | None, *, labels: bool | None) -> Labelled:
    """The data of a file for a network, cut to `limit` samples; a graph is one.

    labels : whether they must be there; None where they may
    """
    from onespike_lava.data.samples import Labelled, load_samples

    data = load_samples(path, labels=bool(labels))
    data = Labelled(data.x, None) if labels is False else data
    return data.of(network.sample_shape, network.readout.shape[1:], limit)


def interval(option: str, text: str | None) -> tuple[float, float] | None:
    """Two numbers `LO,HI`; `OptionError` for anything else."""
    if text is None:
        return None
    try:
        low, high = map(float, text.split(","))
    except ValueError:
        raise OptionError(f"{option}: {text!r} is not LO,HI; give two numbers") from None
    return low, high


def echo(text: str, *, err: bool = False) -> None:
    """A line on stdout or stderr; what names from files would have a terminal do is escaped."""
    click.echo(printable(text), err=err)


def print_json(values: Any) -> None:
    """Values as one JSON document on stdout; `DataError` where a figure is NaN or infinite."""
    try:
        text = json.dumps(values, indent=2, allow_nan=False)
    except ValueError:
        raise DataError(
            "json: holds no infinite figures and no NaN, and there are some; leave --json out"
        ) from None
    click.echo(text)


def print_table(rows: Sequence[Sequence[object]], header: Sequence[str] = ()) -> None:
    """Aligned columns on stdout; the first is flush left, the others flush right."""
    from onespike_lava.system.tables import Table

    click.echo(str(Table(rows, header)))
