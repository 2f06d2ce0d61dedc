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

KINDS, NIR, READ = "Kinds of files", "NIR", "NIR files of other tools"
"""Groups of options in the help."""


@click.command(cls=options.Command, epilog="Example: onespike convert digits.net -o digits.nir")
@options.argument(
    "source", type=EITHER, metavar="NET.net|NET.nir", line="The file to read: .net or .nir."
)
@options.option(
    "-o",
    "--output",
    required=True,
    type=EITHER,
    metavar="NET.nir|NET.net",
    help="The file to write: .nir or .net.",
)
@options.option(
    "--to",
    type=click.Choice(("onespike", "lava-dl")),
    help="The kind of .net file to write. Required between two .net files.",
    group=KINDS,
)
@options.option(
    "--steps",
    type=click.IntRange(min=1),
    metavar="T",
    help="Steps of a sample, for a file of lava-dl or NIR.  [default: lava-dl's as in the file]",
    group=KINDS,
)
@options.option(
    "--dt",
    type=float,
    metavar="SECONDS",
    help="Duration of a step.  [default: 1e-4 where NIR is written]",
    group=NIR,
)
@options.option(
    "--if-r",
    type=click.Choice(NIR_GAINS),
    help="The time for which r of an IF neuron is its gain.",
    group=NIR,
)
@options.option(
    "--reset", type=click.Choice(NIR_RESETS), help="What a spike does to a potential.", group=READ
)
@options.option(
    "--spikes",
    metavar="one|many|N",
    help="Spikes that a neuron may send in a step.  [default: one]",
    group=READ,
)
@options.option("--floor", type=float, metavar="V", help="The lowest potential.", group=READ)
@options.option(
    "--take",
    metavar="last|sum|maximum",
    help="What of the outputs over the steps is the score.  [default: last]",
    group=READ,
)
@options.option(
    "--input-bits",
    type=int,
    metavar="B",
    help="Bits of the payloads of the input.  [default: 1]",
    group=READ,
)
@options.option("--int8", "rounds", is_flag=True, help="Round real weights to int8.", group=READ)
@options.JSON
def command(
    source: str, output: str, to: str, steps: int | None, rounds: bool, as_json: bool, **words: Any
) -> None:
    """Write NET.net as a file of NIR or of lava-dl, or read one of these.

    Integers stay the same. NIR describes connections and neurons that many tools read; what a
    network does beyond them is in metadata that this library alone reads. The command lists it
    on stderr. For a NIR file of another tool it lists what it assumed, or names the options that
    it needs. lava-dl's own files (--to lava-dl) hold networks of LIF neurons for
    lava.lib.dl.netx.
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
