"""`onespike run`."""

from __future__ import annotations

import io

import click
import numpy as np

from onespike_lava.cli import options
from onespike_lava.data import load_samples
from onespike_lava.files import write_atomic
from onespike_lava.netx import load


@click.command(epilog="Example: onespike run digits.net --input images.npy -o out.npz")
@options.NET
@click.option("--input", "source", required=True, type=click.Path(), metavar="X.npy|X.npz")
@click.option("-o", "--output", required=True, type=click.Path(), metavar="OUT.npz")
@options.engine()
@options.WAIT
@options.LIMIT
def command(
    net: str, source: str, output: str, engine: str, wait: int | None, limit: int | None
) -> None:
    """Scores and spike phases of samples: `scores` and `codes/<layer>` in OUT.npz."""
    network = load(net)
    x = load_samples(source, labels=False).x[:limit]
    found = network.run(x, engine, wait, record=True)
    options.warn_of_input(found.clipped, found.rounding)
    buffer = io.BytesIO()
    arrays = {f"codes/{name}": codes for name, codes in found.codes.items()}
    np.savez_compressed(buffer, scores=found.scores, **arrays)
    write_atomic(output, buffer.getvalue())
    click.echo(f"{output}: {len(found.scores)} samples, {len(arrays)} layers")
