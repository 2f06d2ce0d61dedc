"""`onespike verify`."""

from __future__ import annotations

import click
import numpy as np
from numpy.typing import NDArray

from exporters.cli.model import MODEL_OUTPUT, WEIGHTS, load_model
from exporters.graph import Graph
from exporters.source import read
from onespike_lava.cli import options
from onespike_lava.comparison import first_difference
from onespike_lava.network import Network
from onespike_lava.netx import load


@click.command(epilog="Example: onespike verify digits.net --data test.npz --engine lava --limit 5")
@options.NET
@options.DATA
@options.engine("numpy")
@options.WAIT
@options.LIMIT
@click.option("--model", metavar="MODEL", help="The source network, to compare its classes with.")
@WEIGHTS
@MODEL_OUTPUT
@click.pass_context
def command(
    ctx: click.Context,
    net: str,
    data: str,
    engine: str,
    wait: int | None,
    limit: int | None,
    model: str | None,
    weights: str | None,
    model_output: str | None,
) -> int:
    """Compare an engine with the reference, layer by layer: the first place that differs.

    With --model also check that NET.net was made from that network, and count the samples
    that both put in one class. Exit 1 where engines differ or the network is another.
    """
    network = load(net)
    x = options.samples(data, limit, labels=False).x
    expected = network.run(x, "reference", wait, record=True)
    found = network.run(x, engine, wait, record=True)
    difference = first_difference(found, expected)
    outcome = f"first difference at {difference}" if difference else "equal in every spike"
    click.echo(f"{found.engine} against reference, {len(x)} samples: {outcome}")
    same = True
    if model is not None:
        source = read(load_model(model, weights), x.shape[1:], model_output)
        same = _same_model(network, source, x, found.predictions)
    return 0 if difference is None and same else 1


def _same_model(
    network: Network, source: Graph, x: NDArray[np.generic], classes: NDArray[np.int64]
) -> bool:
    logits = [source.evaluate(x[start : start + 64]) for start in range(0, len(x), 64)]
    agree = int((np.concatenate(logits).argmax(axis=1) == classes).sum()) if len(x) else 0
    made_from = dict(network.provenance).get("source_sha256")
    same = bool(made_from == source.digest())
    click.echo(f"source network: {'the same' if same else f'another than {made_from}'}")
    click.echo(f"same class as the source network: {agree} of {len(x)} samples")
    return same
