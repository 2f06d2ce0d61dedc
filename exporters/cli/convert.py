"""`onespike convert`."""

from __future__ import annotations

from pathlib import Path

import click

from onespike_lava.cli import options, paths
from onespike_lava.cli.progress import say
from onespike_lava.errors import OptionError
from onespike_lava.system.files import keep_inputs

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
    help="Steps of a sample, of a plain file of lava-dl that is read. [default: as in the file]",
)
@options.JSON
def command(source: str, output: str, to: str, steps: int | None, as_json: bool) -> None:
    """Write NET.net as a NIR file or as one of lava-dl, or read either: the same integers.

    NIR names connections and neurons that many tools read. What a one-spike network does beyond
    them stands in metadata that only this library reads; stderr says what that is. lava-dl's own
    files (--to lava-dl) hold networks of LIF neurons, for lava.lib.dl.netx.
    """
    say(f"reading {source}")
    keep_inputs({"output": (output, Path(output).suffix.lower())}, {"network": source})
    from exporters.nir.file import read_nir, write_nir
    from onespike_lava.netx import load, save, save_lava_dl

    ends = (Path(source).suffix.lower(), Path(output).suffix.lower())
    if (ends[0] == ends[1]) != (to is not None) or ends == (".nir", ".nir"):
        raise OptionError(
            f"convert: from {source!r} to {output!r} is not from .net to .nir or back; name the "
            "files so, or between two .net files say --to lava-dl or --to onespike"
        )
    if ends[0] == ".nir":
        if steps is not None:
            raise OptionError("steps: a NIR file says how many; leave them out")
        network = read_nir(source)
    else:
        network = load(source, steps)
    remarks: list[str] = []
    if ends[1] == ".nir":
        remarks = write_nir(network, output)
    elif to == "lava-dl":
        remarks = save_lava_dl(network, output)
    else:
        save(network, output)
    if as_json:
        options.print_json({"source": source, "output": output, "unknown_to_others": remarks})
        return
    for remark in remarks:
        options.echo(
            f"{'not in the file' if to else 'other tools do not know'}: {remark}", err=True
        )
    options.echo(f"{output}: the network of {source}")
