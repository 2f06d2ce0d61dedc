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
@options.JSON
def command(source: str, output: str, as_json: bool) -> None:
    """Write NET.net as a NIR file, or read one back: the same integers either way.

    NIR names connections and neurons that many tools read. What a one-spike network does beyond
    them stands in metadata that only this library reads; stderr says what that is.
    """
    say(f"reading {source}")
    keep_inputs({"output": (output, Path(output).suffix.lower())}, {"network": source})
    from exporters.nir.file import read_nir, write_nir
    from onespike_lava.netx import load, save

    ends = (Path(source).suffix.lower(), Path(output).suffix.lower())
    remarks: list[str] = []
    if ends == (".net", ".nir"):
        remarks = write_nir(load(source), output)
    elif ends == (".nir", ".net"):
        save(read_nir(source), output)
    else:
        raise OptionError(
            f"convert: from {source!r} to {output!r} is not from .net to .nir or back; name the "
            "files so"
        )
    if as_json:
        options.print_json({"source": source, "output": output, "unknown_to_others": remarks})
        return
    for remark in remarks:
        options.echo(f"other tools do not know: {remark}", err=True)
    options.echo(f"{output}: the network of {source}")
