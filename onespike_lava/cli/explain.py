"""`onespike explain`."""

from __future__ import annotations

from dataclasses import asdict

import click

from onespike_lava.cli import options
from onespike_lava.glossary import PAPER, TERMS, Term, explained

WIDTH = 88


@click.command(cls=options.Command, epilog="Example: onespike explain threshold shift")
@options.argument(
    "word", nargs=-1, metavar="[WORD]", line="A term or a symbol. Without it: list all."
)
@options.JSON
def command(word: tuple[str, ...], as_json: bool) -> None:
    """Say what a word of this library means.

    WORD is a term such as phase or wait, or a symbol such as T_w. Without one, the command lists
    all terms.
    """
    if word:
        term = explained(" ".join(word))
        if as_json:
            options.print_json(asdict(term))
        else:
            _print(term)
    elif as_json:
        options.print_json([asdict(term) for term in TERMS])
    else:
        _list()


def _list() -> None:
    formatter = click.HelpFormatter(width=WIDTH)
    formatter.write_dl([(term.name, ", ".join(term.also)) for term in TERMS])
    click.echo(formatter.getvalue(), nl=False)


def _print(term: Term) -> None:
    also = f" ({', '.join(term.also)})" if term.also else ""
    click.echo(click.wrap_text(f"{term.name}{also}", WIDTH))
    click.echo(click.wrap_text(term.text, WIDTH, "  ", "  "))
    if "the paper" in term.text:
        click.echo(click.wrap_text(f"The paper is {PAPER}.", WIDTH, "  ", "  "))
    if term.see:
        click.echo(click.wrap_text(f"See also: {', '.join(term.see)}", WIDTH, "  ", "  "))
