"""`onespike tune`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from exporters.choices import ENERGIES, WAITS
from exporters.cli import recipe as recipes
from exporters.cli.model import MODEL, MODEL_OUTPUT, WEIGHTS, keep_inputs, load_model
from exporters.recipe.options import OPTIONS, PAPER
from onespike_lava.cli import options, paths
from onespike_lava.cli.progress import Bars, say

if TYPE_CHECKING:
    from exporters.tuning.outcome import Tuning


NUMBER = options.Number()
PICTURE = paths.FileOf(".svg", ".png")


@click.command(
    epilog="Example: onespike tune digits.onnx --calibration calibration.npz --data validation.npz "
    "-o tuned --phases 8,12,16 --correct none,weights --max-loss 0.5"
)
@MODEL
@WEIGHTS
@MODEL_OUTPUT
@click.option("--calibration", required=True, type=paths.SAMPLES, metavar="X.npz", help="x.")
@click.option(
    "--data",
    required=True,
    type=paths.SAMPLES,
    metavar="D.npz",
    help="x and y, which decide: samples kept out of calibration, NOT a test set.",
)
@click.option("-o", "--output", required=True, type=paths.FOLDER, metavar="RESULTS")
@recipes.axes(OPTIONS)
@click.option(
    "--wait",
    default=",".join(map(str, WAITS)),
    show_default=True,
    metavar="A,B,...",
    help="T_w: phases, or shares of T.",
)
@recipes.PAPER
@click.option("--input-range", metavar="LO,HI", help="Default: the grid of the calibration data.")
@click.option(
    "--max-loss", type=NUMBER, metavar="POINTS", help="Stop at the first that loses less."
)
@click.option("--min-energy", type=NUMBER, metavar="E", help="Stop at the first of that ratio.")
@click.option(
    "--energy", type=click.Choice(ENERGIES), default="fp32", show_default=True, help="Which ratio."
)
@click.option("--plot", "picture", type=PICTURE, metavar="P.svg|P.png", help="Draw it there.")
@options.LIMIT
@options.WORKERS
@options.SCHEDULER
@options.JSON
def command(
    model: str,
    weights: str | None,
    model_output: str | None,
    calibration: str,
    data: str,
    output: str,
    wait: str,
    paper: bool,
    input_range: str | None,
    max_loss: float | None,
    min_energy: float | None,
    energy: str,
    picture: str | None,
    limit: int | None,
    workers: int,
    scheduler: str | None,
    as_json: bool,
    **axes: str | None,
) -> int:
    """Measure recipes of MODEL on labelled data: loss, latency, energy; cheapest first.

    Options of the grid take lists, `--phases 8,16 --correct none,weights`. With --max-loss or
    --min-energy the search ends at the first point that is good enough; exit 1 where none is.
    Results come into the folder RESULTS one by one; the same call again goes on where it
    ended, however it ended. The data choose, so do not give a test set: it would no longer
    tell what a network is worth.
    """
    say(f"reading {model}")
    from exporters.tuning.outcome import export_options
    from exporters.tuning.plot import check, plot
    from exporters.tuning.search import tune

    named = {"weights": weights, "calibration": calibration, "data": data}
    keep_inputs({"output": (output, ""), "plot": (picture, ".svg")}, model, **named)
    if picture is not None:
        check(picture)
    grid: dict[str, Any] = dict(PAPER) if paper else {}
    grid |= recipes.grid(OPTIONS, axes)
    if input_range is not None:
        grid["input_range"] = options.interval("input-range", input_range)
    with Bars() as bars:
        found = tune(
            *(load_model(model, weights), calibration, data, output),
            wait=wait.split(","),
            max_loss=max_loss,
            min_energy=min_energy,
            energy=energy,
            limit=limit,
            output=model_output,
            workers=workers,
            scheduler=scheduler,
            progress=bars,
            **grid,
        )
    words = ["onespike", "export", model]
    for flag, value in (("--weights", weights), ("--model-output", model_output)):
        words += [flag, value] if value is not None else []
    net = str(Path(output) / "best.net")
    words += ["--calibration", calibration, "-o", net, *export_options(found.best)]
    if picture is not None:
        plot(found, picture)
    if as_json:
        options.print_json({**found.summary(), "command": shlex.join(words)})
    else:
        _print(found, data)
        click.echo(shlex.join(words))
    return 0 if found.met else 1


def _print(found: Tuning, data: str) -> None:
    """The table, `*` at points of the Pareto front, and what there is to say of it."""
    best = found.best
    click.echo(f"{found.table()}\n")
    for given, why in found.refused:
        words = ", ".join(f"{name} {value}" for name, value in given.items())
        options.echo(f"not possible: {words}: {why}")
    options.echo(
        f"* no other is better in loss, latency and E ({found.goal.kind}) alike. Source network "
        f"{found.ann:.2f} % on {data}, which chose: measure the choice on other data."
    )
    if found.goal.given and not found.met:
        click.echo("No point of the grid is good enough; the one that loses least:")
    else:
        click.echo(f"Best: T = {best.phases}, T_w = {best.wait}, loses {best.loss:.2f} points:")
