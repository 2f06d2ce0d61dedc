"""`onespike run`."""

from __future__ import annotations

import io

import click

from onespike_lava.cli import options, paths
from onespike_lava.cli.progress import Bars, say


@click.command(
    cls=options.Command,
    epilog="Example: onespike run digits.net --input images.npy -o out.npz",
)
@options.NET
@options.option(
    "--input",
    "source",
    required=True,
    type=paths.SAMPLES,
    metavar="X.npy|X.npz",
    help="Samples, in an .npz file under the name x.",
)
@options.option(
    "-o",
    "--output",
    required=True,
    type=paths.SAMPLES,
    metavar="OUT.npz",
    help="The file to write.",
)
@options.engine()
@options.WAIT
@options.LIMIT
@options.JSON
def command(
    net: str,
    source: str,
    output: str,
    engine: str,
    wait: int | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """Run samples through NET.net and write scores and spikes to OUT.npz.

    OUT.npz holds `scores` and for each layer `codes/<layer>`: the phase in which each neuron
    spikes, 0 for none. For a network that steps it holds `trains/<layer>` instead: the payload
    that each neuron sends in each step.
    """
    say(f"reading {net}")
    import numpy as np

    from onespike_lava.netx import load
    from onespike_lava.system.files import keep_inputs, write_atomic

    keep_inputs({"output": (output, ".npz")}, {"network": net, "input": source})
    network = load(net)
    x = options.samples(source, network, limit, labels=False).x
    with Bars() as bars:
        found = network.run(x, engine, wait, record=True, progress=bars)
    say(f"writing {output}")
    buffer = io.BytesIO()
    arrays = {f"codes/{name}": codes for name, codes in found.codes.items()}
    if network.steps:
        arrays = {f"trains/{name}": found.trains(name) for name in found.recorded}
    np.savez_compressed(buffer, scores=found.scores, **arrays)
    write_atomic(output, buffer.getvalue())
    if as_json:
        options.print_json(
            {
                "output": output,
                "samples": len(found.scores),
                "engine": found.engine,
                "wait": found.wait,
                "phases": network.phases,
                "spikes": dict(found.spikes),
                "clipped": found.clipped,
                "rounding": found.rounding,
            }
        )
    else:
        options.echo(f"{output}: {len(found.scores)} samples, {len(arrays)} layers")
