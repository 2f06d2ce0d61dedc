"""`onespike finetune`."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from exporters.cli import recipe as recipes
from exporters.cli.model import MODEL, MODEL_OUTPUT, WEIGHTS, keep_inputs, load_model
from exporters.recipe.options import INPUT, OPTIONS
from onespike_lava.cli import options, paths
from onespike_lava.cli.progress import Bars, say
from onespike_lava.errors import OptionError

if TYPE_CHECKING:
    from exporters.finetuning.plan import FineTuned

NETWORK, TRAINING = "Network", "Training"
"""Groups of options in the help."""

CONVERSION = ("payload_bits", "double", "pool", "input_bits", "input_range")
OWN = [each for each in OPTIONS if each.name in CONVERSION]
"""Options of the conversion; thresholds, levels and weights are trained or fitted anew."""


@click.command(
    cls=options.Command,
    epilog="Example: onespike finetune digits.onnx --data train.npz -o digits.net --phases 8 "
    "--weight-bits 4",
)
@MODEL
@WEIGHTS
@MODEL_OUTPUT
@options.option(
    "--data",
    required=True,
    type=paths.SAMPLES,
    metavar="TRAIN.npz",
    help="Samples x and labels y to train on. Not a test set.",
)
@options.option(
    "-o",
    "--output",
    required=True,
    type=paths.NET,
    metavar="NET.net",
    help="The file to write.",
)
@options.option(
    "--calibration",
    type=paths.SAMPLES,
    metavar="X.npz",
    help="Samples x for calibration.  [default: some of the training data]",
    group=INPUT,
)
@options.option(
    "--code",
    type=click.Choice(["one-spike", "count"]),
    help="What a value becomes: the phase of one spike, or a number of spikes. A NET.net has its "
    "own.  [default: one-spike]",
    group=NETWORK,
)
@options.option(
    "--phases",
    type=int,
    metavar="T",
    help="Phases in which a neuron may spike for a sample; of counts the steps.  [default: 8]",
    group=NETWORK,
)
@options.option(
    "--weight-bits",
    type=int,
    default=8,
    show_default=True,
    metavar="8|4",
    help="Bits of a weight. Skips and pools keep 8.",
    group=NETWORK,
)
@options.option(
    "--fan-in",
    type=int,
    metavar="N",
    help="Most synapses of a neuron. Others are pruned.",
    group=NETWORK,
)
@options.option(
    "--drift",
    type=options.Number(),
    metavar="D",
    help="Strength of gradient rewiring, by which synapses die.  [default: none die]",
    group=NETWORK,
)
@options.option(
    "--learn",
    type=click.Choice(["source", "labels", "both"]),
    default="source",
    show_default=True,
    help="Learn the logits of MODEL, the labels, or both. A NET.net learns labels.",
    group=TRAINING,
)
@options.option(
    "--epochs",
    type=int,
    default=4,
    show_default=True,
    metavar="N",
    help="Passes over the data, shared by the stages.",
    group=TRAINING,
)
@options.option(
    "--stages",
    type=int,
    metavar="N",
    help="Stages of training. Codes are fitted between them; of counts, layers more begin to "
    "spike in each.  [default: 2; of counts as many as layers]",
    group=TRAINING,
)
@options.option(
    "--patience",
    type=int,
    metavar="N",
    help="End a stage after so many epochs that were not better on the samples held out; rates "
    "then stay as they are.  [default: all epochs]",
    group=TRAINING,
)
@options.option(
    "--new-layer",
    type=click.Choice(["trained", "frozen"]),
    help="Of counts: what happens to a layer in the stage in which it begins to spike; trained "
    "unless given.",
    group=TRAINING,
)
@options.option(
    "--batch",
    type=int,
    default=64,
    show_default=True,
    metavar="N",
    help="Samples of a batch.",
    group=TRAINING,
)
@options.option(
    "--rate",
    type=options.Number(),
    default=3e-4,
    show_default=True,
    metavar="R",
    help="Learning rate of Adam.",
    group=TRAINING,
)
@options.option(
    "--validation",
    type=options.Number(),
    default=0.0,
    show_default=True,
    metavar="SHARE",
    help="Share of the data that is held out and chooses the epoch. MODEL must not have been "
    "trained on it.",
    group=TRAINING,
)
@options.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    metavar="N",
    help="Seed of the order of samples and of all that is drawn.",
    group=TRAINING,
)
@options.option(
    "--move",
    type=int,
    default=0,
    metavar="PIXELS",
    help="Move images by up to so many pixels.",
    group=TRAINING,
)
@options.option("--mirror", is_flag=True, help="Mirror half of the images.", group=TRAINING)
@recipes.declared(OWN)
@options.JSON
@click.pass_context
def command(
    context: click.Context,
    /,
    model: str,
    weights: str | None,
    model_output: str | None,
    data: str,
    calibration: str | None,
    output: str,
    code: str | None,
    phases: int | None,
    move: int,
    mirror: bool,
    as_json: bool,
    weight_bits: int,
    fan_in: int | None,
    learn: str,
    drift: float | None,
    epochs: int,
    stages: int | None,
    patience: int | None,
    new_layer: str | None,
    batch: int,
    rate: float,
    validation: float,
    seed: int,
    **recipe: Any,
) -> int:
    """Convert MODEL, a ReLU network, to few phases or bits, and train the result further.

    Training sees the integers that the file will hold. MODEL may also be a NET.net that this
    command writes, or another one-spike network. An unfinished training stays beside the output, in
    NET.unfinished, and the same call goes on from there. Ctrl-C writes the best network so far.
    """
    say(f"reading {model}")
    from exporters.finetuning.plan import FineTuning
    from exporters.finetuning.tuning import finetune
    from exporters.training.augmentation import Shifts
    from onespike_lava.data.samples import load_samples
    from onespike_lava.evaluation.targets import are_numbers
    from onespike_lava.system.files import check_replaceable

    keep_inputs(
        {"output": (output, ".net")}, model, weights=weights, data=data, calibration=calibration
    )
    check_replaceable(output)
    known = load_samples(data, labels=True)
    if are_numbers(known.y) or known.y is None:
        raise OptionError(f"data: y of {data} are no labels; give whole numbers, one per sample")
    tuning = FineTuning(
        epochs=epochs,
        learn=learn,
        drift=drift,
        stages=stages,
        patience=patience,
        new_layer=new_layer,
        batch=batch,
        rate=rate,
        weight_bits=weight_bits,
        fan_in=fan_in,
        validation=validation,
        seed=seed,
    )
    chosen = [each for each in OWN if recipes.is_given(context, each.name)]
    given = recipes.given(chosen, recipe)
    given |= {} if phases is None else {"phases": phases}
    converted = Path(model).suffix.lower() == ".net"
    if converted and (given or code or weights or model_output):
        names = ", ".join([*given, *(["code"] if code else [])]) or "weights, model-output"
        raise OptionError(f"{names}: of a conversion; {model} is converted already, leave it out")
    with Bars() as bars:
        found = finetune(
            model if converted else load_model(model, weights),
            known.x,
            known.y,
            output,
            calibration=None if calibration is None else load_samples(calibration, labels=False).x,
            tuning=tuning,
            augment=Shifts(move, mirror) if move or mirror else None,
            work=Path(output).with_suffix(".unfinished"),
            code=code,
            output=model_output,
            progress=bars,
            **given,
        )
    _print(found, output, as_json)
    if not found.ended:
        click.echo("onespike: interrupted; the same call goes on", err=True)
        return 128 + signal.SIGINT
    return 0


def _print(found: FineTuned, output: str, as_json: bool) -> None:
    if as_json:
        told = {"output": output, "start": found.start, "best": found.best, "ended": found.ended}
        options.print_json({**told, "epochs": found.epochs, "curve": found.curve})
        return
    click.echo(str(found.table()))
    network = found.network
    best = "" if found.best is None else f", {100 * found.best:.2f} % of the samples held out"
    options.echo(
        f"{output}: {len(network.layers)} layers, {network.weights} weights, "
        f"T = {network.phases}{best}"
    )
