"""`onespike verify`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import prod
from typing import TYPE_CHECKING

import click

from exporters.cli.model import MODEL_OUTPUT, SOURCE, WEIGHTS, load_model
from onespike_lava.cli import options, paths
from onespike_lava.cli.progress import Bars, say

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from exporters.graph import Graph
    from onespike_lava.network import Network
    from onespike_lava.system.progress import Progress

VERIFIED = 50
"""Samples that are compared unless more are asked for: the reference may take a second each."""


@click.command(
    cls=options.Command,
    epilog="Example: onespike verify digits.net --data test.npz --engine lava --limit 5",
)
@options.NET
@options.DATA
@options.engine("numpy")
@options.STOCK
@options.WAIT
@options.LIMIT
@options.option(
    "--model",
    type=paths.ONNX,
    metavar="MODEL",
    help="The source network, to compare classes with: an ONNX file or a factory.",
    group=SOURCE,
)
@WEIGHTS
@MODEL_OUTPUT
@options.JSON
def command(
    net: str,
    data: str,
    engine: str,
    stock: bool,
    wait: int | None,
    limit: int | None,
    model: str | None,
    weights: str | None,
    model_output: str | None,
    as_json: bool,
) -> int:
    """Compare an engine with the reference, spike by spike, and name the first difference.

    The command takes the first 50 samples unless --limit says otherwise, because the reference
    is slow. Of networks that step it compares the payloads of every step. With --model it also
    checks that NET.net was made from MODEL, and counts the samples that both put in the same
    class. The exit code is 1 where engines differ or NET.net was made from another network.
    """
    engine = options.engine_name(engine, stock)
    say(f"reading {net}")
    from exporters.fidelity.baseline import refuse_steps
    from exporters.frontends.read import read
    from onespike_lava.errors import DataError, UnsupportedError
    from onespike_lava.evaluation.comparison import compare_engines
    from onespike_lava.netx import load

    network = load(net)
    if model is not None and network.is_graph:
        raise UnsupportedError("model: graph networks are not compared with it; leave it out")
    if model is not None:
        refuse_steps(network)
    whole = options.samples(data, network, None, labels=False).x
    x = whole[: limit or VERIFIED]
    if not len(x):
        raise DataError("x: no samples; give at least one")
    source = None
    if model is not None:
        source = read(load_model(model, weights), x.shape[1:], model_output)
    with Bars() as bars:
        found = compare_engines(network, x, engine, wait, bars)
        difference, x = found.difference, x[: len(found.predictions)]
        kin = None if source is None else _kin(network, source, x, found.predictions, bars)
    if limit is None and difference is None and len(x) < len(whole):
        options.echo(
            f"compared {len(x)} of {len(whole)} samples; --limit {len(whole)} takes all", err=True
        )
    if as_json:
        options.print_json(
            {
                "engine": found.engine,
                "samples": len(x),
                "of": len(whole),
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
            what = "places" if network.dense_outputs else "samples"
            judged = f"{kin.agree} of {found.predictions.size} {what}"
            click.echo(f"same class as the source network: {judged}")
    return 0 if difference is None and (kin is None or kin.same) else 1


@dataclass(frozen=True)
class _Kin:
    """Whether the file was made from the source given, by its digest, and where they agree.

    agree : samples, of dense outputs places, that both put in one class
    """

    same: bool
    made_from: str | None
    agree: int


def _kin(
    network: Network,
    source: Graph,
    x: NDArray[np.generic],
    found: NDArray[np.int64],
    progress: Progress,
) -> _Kin:
    from exporters.fidelity.baseline import in_blocks
    from onespike_lava.engines.result import classes

    logits = in_blocks(source.evaluate, x, "source network", progress)
    made_from = dict(network.provenance).get("source_sha256")
    known = classes(logits, prod(network.readout.result[1:]))
    agree = int((known.reshape(-1) == found.reshape(-1)).sum())
    return _Kin(made_from == source.digest(), made_from, agree)
