"""`onespike export`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from exporters.cli import dry_run as dry
from exporters.cli import recipe as recipes
from exporters.cli.model import MODEL, MODEL_OUTPUT, WEIGHTS, keep_inputs, load_model
from exporters.recipe.options import OPTIONS, PAPER
from exporters.recipe.stepping import OWN, STEP_OPTIONS
from onespike_lava.cli import options, paths
from onespike_lava.cli.progress import Bars, say
from onespike_lava.errors import OptionError
from onespike_lava.limits import STATE_LIMIT

if TYPE_CHECKING:
    from exporters.conversion import Conversion
    from exporters.gcn import GraphConversion
    from exporters.stepping.conversion import StepConversion

GRAPHS = "Graph networks"

SHIFT = [each.name for each in OPTIONS].index("shift")
"""`--paper` stands behind the options that it sets."""


@click.command(
    cls=options.Command,
    epilog="Example: onespike export digits.onnx --calibration train.npz -o digits.net --phases 16",
)
@MODEL
@WEIGHTS
@MODEL_OUTPUT
@options.option(
    "--calibration",
    type=paths.SAMPLES,
    metavar="X.npz",
    help="Samples x for calibration, of a graph its nodes.  [required, but with --adjacency]",
    group=options.REQUIRED,
)
@options.option(
    "-o",
    "--output",
    type=paths.NET,
    metavar="NET.net",
    help="The file to write.  [required, but with --dry-run]",
    group=options.REQUIRED,
)
@options.option(
    "--adjacency",
    type=paths.SAMPLES,
    metavar="A.npz",
    help="The adjacency, as scipy.sparse.save_npz writes it. MODEL is a graph network then.",
    group=GRAPHS,
)
@options.option(
    "--features",
    type=paths.SAMPLES,
    metavar="X.npz",
    help="Write the features that the network takes to this file.",
    group=GRAPHS,
)
@options.option(
    "--dry-run",
    is_flag=True,
    help="Write nothing; list every node that is refused, or what becomes of each.",
    group=options.OUTPUT,
)
@recipes.declared(OPTIONS[:SHIFT])
@recipes.PAPER
@recipes.declared(OPTIONS[SHIFT:])
@recipes.declared(OWN)
@options.JSON
@click.pass_context
def command(
    context: click.Context,
    /,
    model: str,
    weights: str | None,
    model_output: str | None,
    calibration: str | None,
    adjacency: str | None,
    features: str | None,
    output: str | None,
    dry_run: bool,
    paper: bool,
    as_json: bool,
    **recipe: Any,
) -> None:
    """Convert MODEL, a trained network, to a spiking network in a .net file.

    A ReLU network becomes a one-spike network. A factory is a function or class that is called
    without arguments, or the module itself.

    A module with neurons of SpikingJelly, snnTorch, Norse or sinabs keeps its own neurons and
    becomes a network that steps. X.npz then holds samples or events [N, T, ...], and may hold
    labels y.

    With --adjacency MODEL is a graph network that is called with features and adjacency. Without
    --calibration its features are the identity.
    """
    say(f"reading {model}")
    from exporters import gcn
    from exporters.conversion import convert
    from exporters.gcn import files as gcn_files
    from exporters.stepping.source import is_stepping
    from onespike_lava.data.encoding import encode
    from onespike_lava.data.samples import load_samples
    from onespike_lava.netx import save
    from onespike_lava.summary import summary

    if dry_run:
        if adjacency is not None or features is not None:
            raise OptionError("dry-run: not of a graph network; leave out adjacency and features")
        source = load_model(model, weights)
        if is_stepping(source):
            given = _step_options(context, recipe)
        else:
            recipes.refused(OWN, recipe, "only of spiking modules; MODEL has none")
            given = {**(PAPER if paper else {}), **recipes.given(OPTIONS, recipe)}
        dry.dry_run(source, calibration, model_output, as_json, given)
        return
    _check(output, calibration, adjacency, features, model_output)
    assert output is not None
    keep_inputs(
        {"output": (output, ".net"), "features": (features, ".npz")},
        model,
        weights=weights,
        calibration=calibration,
        adjacency=adjacency,
    )
    data = None if calibration is None else load_samples(calibration, labels=False)
    source = load_model(model, weights)
    if is_stepping(source):
        if adjacency is not None:
            raise OptionError("adjacency: not of a network with spiking modules; leave it out")
        assert data is not None
        _stepping(context, source, data, output, model_output, as_json, recipe)
        return
    samples = None if data is None else data.x
    recipes.refused(OWN, recipe, "only of spiking modules; MODEL has none")
    recipe = {**(PAPER if paper else {}), **recipes.given(OPTIONS, recipe)}
    found: Conversion | GraphConversion
    if adjacency is None:
        assert samples is not None
        taken = samples
        with Bars() as bars:
            found = convert(source, taken, output=model_output, progress=bars, **recipe)
    else:
        found = gcn.convert(source, samples, adjacency=gcn_files.load(adjacency), **recipe)
        taken = found.features
        if features is not None:
            gcn_files.save_features(taken, features)
    save(found.network, output)
    coded = encode(found.network.input, taken)
    figures = summary(found.network)
    notes = {
        "resolution_lowered": "24-bit potentials cost weights resolution in",
        "channels_left_out": "channels that outweigh all others, yet are never active on the "
        "calibration data, are left out of",
        "sigmoid_left_out": "scores are logits; the source's values are sigmoid(score * output "
        "scale), of two scores the second's; left out is",
    }
    for key, note in notes.items():
        if layers := figures["provenance"].get(key):
            options.echo(f"warning: {note} {layers}", err=True)
    if found.check.warning:
        options.echo(f"warning: {found.check.warning}", err=True)
    if as_json:
        account = dict(found.account)
        told = {"output": output, **figures, "account": account, "potential_limit": STATE_LIMIT}
        told["self_check"] = found.check.summary()
        options.print_json(told | {"clipped": coded.clipped, "rounding": coded.rounding})
        return
    options.print_table(list(found.account.items()), ("node", "account"))
    options.echo(
        f"{output}: {len(found.network.layers)} layers, {figures['neurons']} neurons, "
        f"T = {figures['phases']}, Q = {figures['base']}, potentials within 24 bits"
    )
    options.echo(f"self-check against the source: {found.check}")


def _check(
    output: str | None,
    calibration: str | None,
    adjacency: str | None,
    features: str | None,
    model_output: str | None,
) -> None:
    """Raise `OptionError` for an option that is missing or stands beside the wrong one."""
    if output is None:
        raise OptionError("output: missing; name the file to write with -o NET.net")
    if calibration is None and adjacency is None:
        raise OptionError("calibration: missing; give samples with --calibration X.npz")
    if features is not None and adjacency is None:
        raise OptionError("features: only of a graph; give its --adjacency, or leave it out")
    if model_output is not None and adjacency is not None:
        raise OptionError("model-output: a graph network has one output; leave it out")


def _step_options(context: click.Context, recipe: dict[str, Any]) -> dict[str, Any]:
    """Options of networks with spiking modules that were given; refuses what is none."""
    known = {each.name for each in STEP_OPTIONS}
    chosen = {name for name in recipe if recipes.is_given(context, name)}
    if context.params["paper"] or chosen - known:
        names = ", ".join(sorted(chosen - known) or ["paper"])
        raise OptionError(
            f"{names}: not of a network with spiking modules, whose options are "
            f"{', '.join(sorted(known))}; leave out"
        )
    given = recipes.given(STEP_OPTIONS, {name: recipe[name] for name in known & set(recipe)})
    return {name: value for name, value in given.items() if name in chosen}


def _stepping(
    context: click.Context,
    source: Any,
    data: Any,
    output: str,
    model_output: str | None,
    as_json: bool,
    recipe: dict[str, Any],
) -> None:
    """Convert a module with spiking modules."""
    from exporters.stepping.conversion import convert_spiking
    from onespike_lava.evaluation.targets import are_numbers
    from onespike_lava.netx import save
    from onespike_lava.summary import summary

    given = _step_options(context, recipe)
    labels = None if are_numbers(data.y) else data.y
    with Bars() as bars:
        found = convert_spiking(
            source, data.x, output=model_output, labels=labels, progress=bars, **given
        )
    save(found.network, output)
    _told(found, output, summary(found.network), as_json)


def _told(found: StepConversion, output: str, figures: dict[str, Any], as_json: bool) -> None:
    """What a conversion of a network that steps says of itself."""
    check, notes = found.check, figures["provenance"]
    for key, note in {
        "resolution_lowered": "24-bit potentials cost weights resolution in",
        "leak_rounded": "the leak is rounded in integers in",
    }.items():
        if layers := notes.get(key):
            options.echo(f"warning: {note} {layers}", err=True)
    if check.warning:
        options.echo(f"warning: {check.warning}", err=True)
    if as_json:
        told = {"output": output, **figures, "account": dict(found.account)}
        told |= {"neurons_read": dict(found.notes), "self_check": check.summary()}
        options.print_json(told)
        return
    options.print_table(list(found.account.items()), ("node", "account"))
    click.echo(str(found.neurons()))
    options.echo(f"{output}: {len(found.network.layers)} layers, T = {found.network.phases}")
    options.echo(f"self-check against the source: {check}")
