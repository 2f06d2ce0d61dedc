"""The group of all commands, and how a call of it ends."""

from __future__ import annotations

import logging
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, partial
from importlib import import_module
from importlib.metadata import entry_points
from io import TextIOWrapper
from typing import Any

import click
from click.shell_completion import CompletionItem

from onespike_lava.cli.ends import Terminated, termination
from onespike_lava.errors import DataError, OneSpikeError, OneSpikeWarning, printable
from onespike_lava.system.files import FULL
from onespike_lava.system.names import meant
from onespike_lava.version import __version__

Entry = tuple[str, str, int]

GROUP = "onespike_lava.commands"
"""Entry points of installed packages that bring commands; each is a dictionary like `COMMANDS`."""

COMMANDS: dict[str, Entry] = {
    "evaluate": (
        "onespike_lava.cli.evaluate",
        "Measure accuracy, spikes and energy on labelled data.",
        20,
    ),
    "run": ("onespike_lava.cli.run", "Run samples and write scores and spikes.", 30),
    "inspect": (
        "onespike_lava.cli.inspect",
        "List layers, shapes, phases, thresholds and sizes.",
        50,
    ),
    "check": (
        "onespike_lava.cli.check",
        "Check the limits of Loihi 2, and how much of a chip a network takes.",
        60,
    ),
    "explain": ("onespike_lava.cli.explain", "Say what a word of this library means.", 105),
    "completion": (
        "onespike_lava.cli.completion",
        "Print the code that lets bash, zsh or fish complete words.",
        110,
    ),
}
"""Command of this package -> the module whose `command` it is, its line in the help, its place."""


@cache
def commands() -> dict[str, Entry]:
    """All commands that are installed, in the order of the help; none of them is loaded."""
    found = dict(COMMANDS)
    for point in entry_points(group=GROUP):
        found |= point.load()
    return dict(sorted(found.items(), key=lambda item: item[1][2]))


class _Group(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(commands())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in commands():
            return None
        command: click.Command = import_module(commands()[cmd_name][0]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is named; a slip is told what it was meant for."""
        if args[0] not in commands() and args[0][:1] != "-":
            ctx.fail(f"No such command {args[0]!r}{meant(args[0], commands())}")
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands by name, none of them loaded; else what click finds."""
        if not incomplete or incomplete[0].isalnum():
            return [
                CompletionItem(name, help=line)
                for name, (_, line, _) in commands().items()
                if name.startswith(incomplete)
            ]
        return click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line, _) in commands().items()])


@click.group(
    cls=_Group,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: onespike export net.onnx --calibration images.npz -o net.net && "
    "onespike evaluate net.net --data test.npz",
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(__version__, prog_name="onespike")
@click.pass_context
def group(ctx: click.Context, debug: bool) -> None:
    """Convert trained networks to spiking networks, and run, measure and check these.

    A ReLU network becomes a one-spike network: each hidden neuron spikes at most once for a
    sample. `onespike explain` lists the words that the help uses.
    """
    ctx.obj = debug


class _Notes(logging.Handler):
    """What the library reports on the way, on stderr: that kernels are compiled, say."""

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(f"onespike: {record.getMessage()}", err=True)


NOTES = _Notes()

ENDS = (OneSpikeError, click.ClickException, click.Abort, KeyboardInterrupt, Terminated)
"""What ends a command with a line."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit."""
    library = logging.getLogger("onespike_lava")
    library.setLevel(logging.INFO)
    library.addHandler(NOTES)
    context: dict[str, bool] = {}
    words = sys.argv[1:] if arguments is None else arguments
    context["debug"] = bool(words) and words[0] == "--debug"
    try:
        with termination(), _escaping(), warnings.catch_warnings():
            # NumPy warns of odd numbers in two lines; what comes of them is checked
            warnings.simplefilter("ignore", RuntimeWarning)
            warnings.simplefilter("default", OneSpikeWarning)
            warnings.showwarning = partial(_show, warnings.showwarning)
            result = group.main(words, prog_name="onespike", standalone_mode=False)
        code = result if isinstance(result, int) else 0
    except ENDS as error:
        if context["debug"]:
            raise
        code = _report(error)
    except BrokenPipeError:
        code = 1
    except (OSError, MemoryError) as error:
        if context["debug"]:
            raise
        code = _report(_explained(error))
        _discard_output()
    sys.exit(code)


def _show(
    others: Callable[..., None], message: Warning | str, kind: type[Warning], *where: Any
) -> None:
    """The library's own warnings as one line on stderr."""
    if issubclass(kind, OneSpikeWarning):
        click.echo(f"warning: {printable(str(message))}", err=True)
    else:
        others(message, kind, *where)


@contextmanager
def _escaping() -> Iterator[None]:
    """What stdout cannot encode it shows as escapes."""
    streams = [
        (stream, stream.errors)
        for stream in (sys.stdout, sys.stderr)
        if isinstance(stream, TextIOWrapper) and stream.errors == "strict"
    ]
    for stream, _ in streams:
        stream.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        for stream, before in streams:
            stream.reconfigure(errors=before)


def _explained(error: OSError | MemoryError) -> DataError:
    if isinstance(error, MemoryError):
        reason = str(error) or "no more can be had"
        return DataError(
            f"memory: exhausted ({reason}); take a smaller network or fewer samples, or more memory"
        )
    if error.errno in FULL:
        return DataError(f"output: cannot be written ({error.strerror}); free some space")
    if error.filename is not None:
        return DataError(f"{error.filename}: failed ({error.strerror}); give another path")
    return DataError(f"output: cannot be written ({error.strerror or error}); give another place")


def _report(error: BaseException) -> int:
    if isinstance(error, (click.Abort, KeyboardInterrupt)):
        click.echo("onespike: interrupted", err=True)
        return 128 + signal.SIGINT
    if isinstance(error, Terminated):
        click.echo("onespike: terminated", err=True)
        return 128 + signal.SIGTERM
    text = _usage(error) if isinstance(error, click.ClickException) else str(error)
    lines = text.strip().splitlines() or [type(error).__name__]
    with suppress(OSError):  # stderr may lie on a full disk too
        click.echo(f"onespike: {lines[0]}", err=True)
    return 2


def _usage(error: click.ClickException) -> str:
    """What is wrong with a command line, on one line, and where to look."""
    found = printable(" ".join(error.format_message().split())).rstrip(".")
    context = error.ctx if isinstance(error, click.UsageError) else None
    mark = " " if found.endswith("?") else "; "
    return f"{found}{mark}see {context.command_path if context else 'onespike'} --help"


def _discard_output() -> None:
    """What could not be written is not tried again when the process ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with suppress(OSError):  # one that is no file, or closed
            os.dup2(nowhere, stream.fileno())
