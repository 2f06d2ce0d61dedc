"""`onespike tune`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from exporters.choices import ENERGIES, WAITS
from exporters.cli import recipe as recipes
from exporters.cli.model import MODEL, MODEL_OUTPUT, WEIGHTS, keep_inputs, load_model
from exporters.recipe.options import INPUT, OPTIONS, PAPER
from onespike_lava.cli import options, paths
from onespike_lava.cli.progress import Bars, say

if TYPE_CHECKING:
    from exporters.tuning.outcome import Tuning


GOAL = "Goal"

NUMBER = options.Number()
PICTURE = paths.FileOf(".svg", ".png")


@click.command(
    cls=options.Command,
    epilog="Example: onespike tune digits.onnx --calibration calibration.npz --data validation.npz "
    "-o tuned --phases 8,12,16 --correct none,weights --max-loss 0.5",
)
@MODEL
@WEIGHTS
@MODEL_OUTPUT
@options.option(
    "--calibration",
    required=True,
    type=paths.SAMPLES,
    metavar="X.npz",
    help="Samples x for calibration.",
)
@options.option(
    "--data",
    required=True,
    type=paths.SAMPLES,
    metavar="D.npz",
    help="Samples x and labels y that decide. Not those of calibration, and not a test set.",
)
@options.option(
    "-o",
    "--output",
    required=True,
    type=paths.FOLDER,
    metavar="RESULTS",
    help="The folder that takes the results.",
)
@recipes.axes(OPTIONS)
@options.option(
    "--wait",
    default=",".join(map(str, WAITS)),
    show_default=True,
    metavar="A,B,...",
    help="Waits T_w, as phases or as shares of T.",
    group=recipes.GRID,
)
@recipes.PAPER
@options.option(
    "--input-range",
    metavar="LO,HI",
    help="Least and largest value of the input.  [default: as the calibration samples show]",
    group=INPUT,
)
@options.option(
    "--max-loss",
    type=NUMBER,
    metavar="POINTS",
    help="Stop at the first network that loses at most so many percentage points of accuracy.",
    group=GOAL,
)
@options.option(
    "--min-energy",
    type=NUMBER,
    metavar="E",
    help="Stop at the first network whose energy ratio is at least E.",
    group=GOAL,
)
@options.option(
    "--energy",
    type=click.Choice(ENERGIES),
    default="fp32",
    show_default=True,
    help="The energy ratio that counts.",
    group=GOAL,
)
@options.option(
    "--plot",
    "picture",
    type=PICTURE,
    metavar="P.svg|P.png",
    help="Draw loss over latency to this file.",
    group=options.OUTPUT,
)
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
    """Try many conversions of MODEL and measure loss, latency and energy of each.

    Options of the grid take lists, such as --phases 8,16 --correct none,weights. The cheapest
    networks come first. With --max-loss or --min-energy the search stops at the first that is
    good enough; the exit code is 1 if none is. Every result is written to RESULTS when it is
    there, and the same call again goes on where the last one stopped.

    Do not choose by a test set: it would no longer tell what the network is worth.
    """
    say(f"reading {model}")
    from exporters.fidelity.picture import check
    from exporters.tuning.outcome import export_options
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
        found.plot().save(picture)
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
        f"* no other point is better in all of loss, latency and E ({found.goal.kind}). Source "
        f"network {found.ann:.2f} % on {data}. These data chose: measure the choice on others."
    )
    if found.goal.given and not found.met:
        click.echo("No point of the grid is good enough; the one that loses least:")
    else:
        click.echo(f"Best: T = {best.phases}, T_w = {best.wait}, loses {best.loss:.2f} points:")
