"""`onespike verify`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import click

from exporters.cli.model import MODEL_OUTPUT, WEIGHTS, load_model
from onespike_lava.cli import options, paths
from onespike_lava.cli.progress import Bars, say

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from exporters.graph import Graph
    from onespike_lava.network import Network
    from onespike_lava.progress import Progress


@click.command(epilog="Example: onespike verify digits.net --data test.npz --engine lava --limit 5")
@options.NET
@options.DATA
@options.engine("numpy")
@options.WAIT
@options.LIMIT
@click.option(
    "--model",
    type=paths.ONNX,
    metavar="MODEL",
    help="The source, to compare classes with.",
)
@WEIGHTS
@MODEL_OUTPUT
@options.JSON
def command(
    net: str,
    data: str,
    engine: str,
    wait: int | None,
    limit: int | None,
    model: str | None,
    weights: str | None,
    model_output: str | None,
    as_json: bool,
) -> int:
    """Compare an engine with the reference, layer by layer: the first place that differs.

    With --model also check that NET.net was made from that network, and count the samples
    that both put in one class. Exit 1 where engines differ or the network is another.
    """
    say(f"reading {net}")
    from exporters.source import read
    from onespike_lava.comparison import first_difference
    from onespike_lava.data import Samples
    from onespike_lava.netx import load

    network = load(net)
    x = options.samples(data, limit, labels=False).x
    source = None
    if model is not None:
        source = read(load_model(model, weights), x.shape[1:], model_output)
    with Bars() as bars:
        expected = network.run(x, "reference", wait, record=True, progress=bars)
        samples = Samples(network.input, x)
        found = network.compute(samples, engine, wait, record=True, progress=bars)
        difference = first_difference(found, expected)
        kin = None if source is None else _kin(network, source, x, found.predictions, bars)
    if as_json:
        options.print_json(
            {
                "engine": found.engine,
                "samples": len(x),
                "equal": difference is None,
                "difference": None if difference is None else asdict(difference),
                "source": None if kin is None else asdict(kin),
            }
        )
    else:
        outcome = f"first difference at {difference}" if difference else "equal in every spike"
        options.echo(f"{found.engine} against reference, {len(x)} samples: {outcome}")
        if kin is not None:
            options.echo(
                f"source network: {'the same' if kin.same else f'another than {kin.made_from}'}"
            )
            click.echo(f"same class as the source network: {kin.agree} of {len(x)} samples")
    return 0 if difference is None and (kin is None or kin.same) else 1


@dataclass(frozen=True)
class _Kin:
    """Whether the file was made from the source given, by its digest, and where they agree."""

    same: bool
    made_from: str | None
    agree: int


def _kin(
    network: Network,
    source: Graph,
    x: NDArray[np.generic],
    classes: NDArray[np.int64],
    progress: Progress,
) -> _Kin:
    from exporters.baseline import in_blocks

    logits = in_blocks(source.evaluate, x, "source network", progress)
    made_from = dict(network.provenance).get("source_sha256")
    agree = int((logits.argmax(axis=1) == classes).sum())
    return _Kin(made_from == source.digest(), made_from, agree)
