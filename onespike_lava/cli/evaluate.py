"""`onespike evaluate`."""

from __future__ import annotations

import click

from onespike_lava.cli import options, progress


@click.command(
    epilog="Example: onespike evaluate digits.net --data test.npz --engine lava --limit 20"
)
@options.NET
@options.DATA
@options.engine()
@options.STOCK
@options.WAIT
@options.LIMIT
@click.option("--over-steps", is_flag=True, help="Also the accuracy after each step.")
@options.WORKERS
@options.SCHEDULER
@options.JSON
def command(
    net: str,
    data: str,
    engine: str,
    stock: bool,
    wait: int | None,
    limit: int | None,
    over_steps: bool,
    workers: int,
    scheduler: str | None,
    as_json: bool,
) -> None:
    """Accuracy, spikes and energy of NET.net on labelled data (npz: x, y, perhaps mask).

    Samples are read block by block. --workers and --scheduler divide them; the result is the same.
    --over-steps runs a network that steps once more, in this process, and tells after how many
    steps its classes are what they stay.
    """
    engine = options.engine_name(engine, stock)
    progress.say(f"reading {net}")
    from onespike_lava.energy import OPERATIONS
    from onespike_lava.evaluation.sharding import evaluate_file
    from onespike_lava.evaluation.steps import over_steps as accuracy_over_steps
    from onespike_lava.netx import load

    network = load(net)
    with progress.Bars() as bars:
        after = []
        if over_steps:
            held = options.samples(data, network, limit, labels=True)
            assert held.y is not None
            after = accuracy_over_steps(network, held.x, held.y, engine, held.mask, bars).tolist()
        found = evaluate_file(
            *(network, data, engine, wait),
            limit=limit,
            workers=workers,
            scheduler=scheduler,
            progress=bars,
        )
    if as_json:
        more = {"accuracy_over_steps": after} if over_steps else {}
        options.print_json(found.summary(network) | more)
        return
    ratios, needed = found.energy.ratios, " + ".join(OPERATIONS[network.weighting])
    options.print_table(
        [
            *found.counts(network).items(),
            ("accuracy", f"{100 * found.accuracy:.2f} %"),
            ("engine", found.engine),
            ("wait", f"{found.wait} of {network.phases} phases"),
            ("spikes per neuron", f"{found.spikes_per_neuron:.3f}"),
            ("synaptic operations per sample", f"{found.energy.exact:,.0f}"),
            ("MACs of these layers as an ANN", f"{found.energy.macs:,.0f}"),
            *([("input values clipped", found.clipped)] if found.clipped else []),
            ("energy ratio FP32 (Eq. 6)", f"{ratios['fp32']:.2f}"),
            ("energy ratio INT8 (Eq. 6)", f"{ratios['int8']:.2f}"),
            (f"energy ratio FP32, counted, {needed}", f"{ratios['fp32_snn']:.2f}"),
            (f"energy ratio INT8, counted, {needed}", f"{ratios['int8_snn']:.2f}"),
            *((f"accuracy after step {k}", f"{100 * a:.2f} %") for k, a in enumerate(after, 1)),
        ]
    )
