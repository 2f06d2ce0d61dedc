"""What a person at a terminal sees of long work, on stderr; a script's stderr stays quiet."""

from __future__ import annotations

import click

from onespike_lava.system.bars import Bars, watched

__all__ = ["Bars", "say", "watched"]


def say(text: str) -> None:
    """A line for whoever watches."""
    if watched():
        click.echo(f"onespike: {text}", err=True)
