"""`onespike export`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from exporters.choices import CHOICES, PAPER
from exporters.cli.model import MODEL, MODEL_OUTPUT, WEIGHTS, keep_inputs, load_model
from onespike_lava.cli import options, paths
from onespike_lava.cli.progress import Bars, say
from onespike_lava.errors import OptionError
from onespike_lava.limits import STATE_LIMIT

if TYPE_CHECKING:
    from exporters.conversion import Conversion
    from exporters.gcn import GraphConversion

V = TypeVar("V")


def _choice(name: str) -> click.Choice[str]:
    return click.Choice(list(CHOICES[name]))


@click.command(
    epilog="Example: onespike export digits.onnx --calibration train.npz -o digits.net --phases 16"
)
@MODEL
@WEIGHTS
@MODEL_OUTPUT
@click.option("--calibration", type=paths.SAMPLES, metavar="X.npz", help="x; of a graph of nodes.")
@click.option("--adjacency", type=paths.SAMPLES, metavar="A.npz", help="Of scipy.sparse.save_npz.")
@click.option("--features", type=paths.SAMPLES, metavar="X.npz", help="Write a graph's input.")
@click.option("-o", "--output", required=True, type=paths.NET, metavar="NET.net")
@click.option("--phases", default=16, show_default=True, help="T, phases of a sample.")
@click.option("--base", default="auto", show_default=True, help="Q in (1, 2], auto: Eq. 5.")
@click.option("--layer-base", multiple=True, metavar="LAYER=Q", help="A layer's own base.")
@click.option("--max-spikes", default=1, show_default=True, help="Of a neuron per sample.")
@click.option("--layer-spikes", multiple=True, metavar="LAYER=N", help="A layer's own limit.")
@click.option("--wait", type=int, metavar="T_w", help="Default wait; default T.")
@click.option("--payload-bits", default=8, show_default=True, help="Digits of a graded spike.")
@click.option("--weighting", type=_choice("weighting"), default="graded", show_default=True)
@click.option("--normalisation", type=_choice("normalisation"), help="Default mse.")
@click.option("--scale", type=_choice("scale"), help="Default channel, of a graph layer.")
@click.option("--levels", type=_choice("levels"), help="Default auto: data unless a base is given.")
@click.option("--correct", type=_choice("correct"), help="Default weights.")
@click.option("--rounding", type=_choice("rounding"), help="Default least.")
@click.option("--paper", is_flag=True, help="The paper's: max, base, none where not given.")
@click.option("--no-shift", is_flag=True, help="No threshold shift (Sec. III-B1).")
@click.option("--input-bits", type=int, help="Bits of the binary input code; default 8.")
@click.option("--input-range", metavar="LO,HI", help="Default: the grid of the calibration data.")
@click.option("--input-coding", type=_choice("input_coding"), default="binary", show_default=True)
@click.option("--pool", type=_choice("pool"), default="merge", show_default=True)
@options.JSON
def command(
    model: str,
    weights: str | None,
    model_output: str | None,
    calibration: str | None,
    adjacency: str | None,
    features: str | None,
    output: str,
    paper: bool,
    no_shift: bool,
    input_range: str | None,
    layer_base: tuple[str, ...],
    layer_spikes: tuple[str, ...],
    as_json: bool,
    **recipe: Any,
) -> None:
    """Convert MODEL (an ONNX file, or package.module:factory) to a one-spike network.

    The factory may be a class, the module itself, or lie in a file, FILE.py:factory.

    With --adjacency MODEL is a graph network, called with features and adjacency; without
    --calibration its features are the identity, and --features keeps what the network takes.
    """
    say(f"reading {model}")
    from exporters import gcn
    from exporters.conversion import convert
    from exporters.gcn import files as gcn_files
    from onespike_lava.data.samples import encode, load_samples
    from onespike_lava.netx import save
    from onespike_lava.summary import summary

    keep_inputs(
        {"output": (output, ".net"), "features": (features, ".npz")},
        model,
        weights=weights,
        calibration=calibration,
        adjacency=adjacency,
    )
    if calibration is None and adjacency is None:
        raise OptionError("calibration: missing; give samples with --calibration X.npz")
    if features is not None and adjacency is None:
        raise OptionError("features: only of a graph; give its --adjacency, or leave it out")
    if model_output is not None and adjacency is not None:
        raise OptionError("model-output: a graph network has one output; leave it out")
    samples = None if calibration is None else load_samples(calibration, labels=False).x
    given = {name: value for name, value in recipe.items() if value is not None}
    recipe = {**(PAPER if paper else {}), **given}
    recipe |= {"shift": not no_shift, "input_range": options.interval("input-range", input_range)}
    recipe["bases"] = dict(_of_layer("layer-base", text, float) for text in layer_base)
    recipe["spikes"] = dict(_of_layer("layer-spikes", text, int) for text in layer_spikes)
    source = load_model(model, weights)
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
        f"T = {figures['phases']}, Q = {figures['base']}, potentials within {STATE_LIMIT}"
    )
    options.echo(f"self-check against the source: {found.check}")


def _of_layer(option: str, text: str, kind: Callable[[str], V]) -> tuple[str, V]:
    layer, _, value = text.rpartition("=")
    try:
        return layer, kind(value)
    except ValueError:
        raise OptionError(
            f"{option}: {text!r} is not LAYER=NUMBER; give a layer's name and a number"
        ) from None
