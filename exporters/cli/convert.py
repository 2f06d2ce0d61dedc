"""`onespike convert`."""

from __future__ import annotations

from pathlib import Path

import click

from exporters.nir_file import read_nir, write_nir
from onespike_lava.errors import OptionError
from onespike_lava.netx import load, save


@click.command(epilog="Example: onespike convert digits.net -o digits.nir")
@click.argument("source", type=click.Path(), metavar="NET.net|NET.nir")
@click.option("-o", "--output", required=True, type=click.Path(), metavar="NET.nir|NET.net")
def command(source: str, output: str) -> None:
    """Write NET.net as a NIR file, or read one back: the same integers either way.

    NIR names connections and neurons that many tools read. What a one-spike network does beyond
    them stands in metadata that only this library reads; stderr says what that is.
    """
    ends = (Path(source).suffix.lower(), Path(output).suffix.lower())
    if ends == (".net", ".nir"):
        for remark in write_nir(load(source), output):
            click.echo(f"other tools do not know: {remark}", err=True)
    elif ends == (".nir", ".net"):
        save(read_nir(source), output)
    else:
        raise OptionError(
            f"convert: from {source!r} to {output!r} is not from .net to .nir or back; name the "
            "files so"
        )
    click.echo(f"{output}: the network of {source}")
