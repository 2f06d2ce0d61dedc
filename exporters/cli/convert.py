"""`onespike convert`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from exporters.choices import NIR_GAINS, NIR_RESETS
from onespike_lava.cli import options, paths
from onespike_lava.cli.progress import say
from onespike_lava.errors import OptionError
from onespike_lava.system.files import keep_inputs

if TYPE_CHECKING:
    from exporters.nir.file import Assumptions

EITHER = paths.FileOf(".net", ".nir")


@click.command(epilog="Example: onespike convert digits.net -o digits.nir")
@click.argument("source", type=EITHER, metavar="NET.net|NET.nir")
@click.option("-o", "--output", required=True, type=EITHER, metavar="NET.nir|NET.net")
@click.option(
    "--to",
    type=click.Choice(("onespike", "lava-dl")),
    help="What a .net file that is made of another .net file is to be.",
)
@click.option(
    "--steps",
    type=click.IntRange(min=1),
    help="Of a sample, of a file of lava-dl or NIR. [default: lava-dl's as in the file]",
)
@click.option("--dt", type=float, metavar="SECONDS", help="NIR: of a step. [default: writing 1e-4]")
@click.option("--if-r", type=click.Choice(NIR_GAINS), help="NIR: r of an IF is its gain in it.")
@click.option("--reset", type=click.Choice(NIR_RESETS), help="NIR read: what a spike does.")
@click.option("--spikes", metavar="one|many|N", help="NIR read: of a step. [default: one]")
@click.option("--floor", type=float, metavar="V", help="NIR read: lowest potential.")
@click.option("--take", metavar="last|sum|maximum", help="NIR read: the score. [default: last]")
@click.option("--input-bits", type=int, metavar="B", help="NIR read: of payloads. [default: 1]")
@click.option("--int8", "rounds", is_flag=True, help="NIR read: round weights to int8.")
@options.JSON
def command(
    source: str, output: str, to: str, steps: int | None, rounds: bool, as_json: bool, **words: Any
) -> None:
    """Write NET.net as a NIR file or as one of lava-dl, or read either: the same integers.

    NIR names connections and neurons that many tools read. What a network does beyond them stands
    in metadata that only this library reads; stderr says what that is. Of a NIR file of another
    tool stderr says what was assumed, and what has to be given. lava-dl's own files (--to lava-dl)
    hold networks of LIF neurons, for lava.lib.dl.netx.
    """
    say(f"reading {source}")
    keep_inputs({"output": (output, Path(output).suffix.lower())}, {"network": source})
    from exporters.nir.file import Assumptions, read, write_nir
    from exporters.stepping.layers import int8
    from onespike_lava.netx import load, save, save_lava_dl

    ends = (Path(source).suffix.lower(), Path(output).suffix.lower())
    if (ends[0] == ends[1]) != (to is not None) or ends == (".nir", ".nir"):
        raise OptionError(
            f"convert: from {source!r} to {output!r} is not from .net to .nir or back; name the "
            "files so, or between two .net files say --to lava-dl or --to onespike"
        )
    given = Assumptions(**{**words, "steps": steps, "spikes": _spikes(words["spikes"])})
    assumed: list[str] = []
    if ends[0] == ".nir":
        network, assumed = read(source, given, int8 if rounds else None)
        assumed += ["int8: real weights are rounded, a unit for each channel"] if rounds else []
    else:
        if rounds:
            raise OptionError("int8: weights of a .net file are; leave it out")
        _refuse(given, () if ends[1] == ".net" else ("dt", "if-r"))
        network = load(source, steps)
    remarks: list[str] = []
    if ends[1] == ".nir":
        remarks = write_nir(network, output, dt=given.dt, if_r=given.if_r)
    elif to == "lava-dl":
        remarks = save_lava_dl(network, output)
    else:
        save(network, output)
    if as_json:
        told = {"unknown_to_others": remarks, "assumed": assumed}
        options.print_json({"source": source, "output": output, **told})
        return
    lost = "not in the file" if to else "other tools do not know"
    for word, lines in (("assumed", assumed), (lost, remarks)):
        for line in lines:
            options.echo(f"{word}: {line}", err=True)
    options.echo(f"{output}: the network of {source}")


def _spikes(text: str | None) -> str | int | None:
    """The number that a text is, else the text."""
    return int(text) if text is not None and text.isdecimal() and text.isascii() else text


def _refuse(given: Assumptions, serve: tuple[str, ...]) -> None:
    """Refuse what only a NIR file that is read needs."""
    idle = [each for each in given.given if each not in ("steps", *serve)]
    if idle:
        raise OptionError(f"{', '.join(idle)}: serves NIR files alone that are read; leave out")
