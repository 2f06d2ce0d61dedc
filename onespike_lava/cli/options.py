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

REQUIRED, SAMPLES, ENGINE, OUTPUT, WORK = "Required", "Samples", "Engine", "Output", "Work"
"""Groups of options in the help of a command, which lists `REQUIRED` first."""


class Option(click.Option):
    """An option that stands in a group of the help; without one beside `--help`."""

    def __init__(self, *args: Any, group: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.group = REQUIRED if self.required else group


class Argument(click.Argument):
    """A word without a dash that the help explains: `metavar` and `line`."""

    def __init__(self, *args: Any, line: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.line = line


class Command(click.Command):
    """A command whose help lists its options in groups, and says where its words are explained."""

    def format_arguments(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Nothing: they stand among what is required."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one section per group, in the order of the options; what comes out last."""
        groups: dict[str, list[tuple[str, str]]] = {REQUIRED: []}
        last: list[tuple[str, str]] = []
        for param in self.get_params(ctx):
            if isinstance(param, Argument):
                name = REQUIRED if param.required else "Arguments"
                groups.setdefault(name, []).append((param.human_readable_name, param.line))
            elif record := param.get_help_record(ctx):
                name = param.group if isinstance(param, Option) else ""
                (groups.setdefault(name, []) if name else last).append(record)
        out = groups.pop(OUTPUT, [])
        for name, records in [*groups.items(), (OUTPUT, out), ("Other", last)]:
            if records:
                with formatter.section(name):
                    formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write which words of the help the glossary has, the paper if it is named, an example."""
        from onespike_lava.glossary import PAPER, mentioned

        words = [term.name for term in mentioned(formatter.getvalue())]
        if words:
            said = f"`onespike explain WORD` says what a word means: {', '.join(words)}."
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text(said)
        if "paper" in words:
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text(f"The paper is {PAPER}.")
        super().format_epilog(ctx, formatter)


def option(*names: str, **declared: Any) -> Callable[[F], F]:
    """`click.option` with a `group`."""
    return click.option(*names, cls=Option, **declared)


def argument(*names: str, **declared: Any) -> Callable[[F], F]:
    """`click.argument` with a `line` for the help."""

    def decorate(function: F) -> F:
        # One for each command: click 8.1 forgets the class of a decorator that is used again.
        return click.argument(*names, cls=Argument, **declared)(function)

    return decorate


NET = argument("net", type=paths.NET, metavar="NET.net", line="The network: a .net file.")
DATA = option(
    "--data",
    required=True,
    type=paths.SAMPLES,
    metavar="D.npz",
    help="Samples x and, where accuracy is wanted, labels y.",
)
LIMIT = option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Take only the first N samples.",
    group=SAMPLES,
)
JSON = option("--json", "as_json", is_flag=True, help="Print one JSON document.", group=OUTPUT)
WAIT = option(
    "--wait",
    type=int,
    metavar="T_w",
    help="Phases for which a layer waits before it fires.  [default: as in the file]",
    group=ENGINE,
)
WORKERS = option(
    "--workers",
    type=int,
    default=1,
    show_default=True,
    metavar="N",
    help="Divide the work among N processes.",
    group=WORK,
)
SCHEDULER = option(
    "--scheduler",
    metavar="ADDRESS",
    help="Give the work to the Dask cluster with a scheduler at ADDRESS.",
    group=WORK,
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
    return option(
        "--engine",
        type=ENGINES,
        default=default,
        show_default=True,
        help="The program that computes the network. All give the same integers.",
        group=ENGINE,
    )


STOCK = option(
    "--stock",
    is_flag=True,
    help="With --engine lava: run the stock composition, made of Lava's own processes.",
    group=ENGINE,
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
    return data.of(network.sample_shape, network.readout.result[1:], limit)


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
