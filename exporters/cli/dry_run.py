"""`onespike export --dry-run`: what would become of every node, without a conversion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onespike_lava.cli import options
from onespike_lava.errors import OptionError, RefusedNodesError, UnsupportedError


def dry_run(
    model: Any,
    calibration: str | None,
    output: str | None,
    as_json: bool,
    recipe: Mapping[str, Any],
) -> None:
    """Print the account of every node, or every node that is refused, each with its reason.

    calibration : file of samples, of which the shape counts; None where the model tells its own
    recipe      : options of the conversion, as they were given

    Raises `UnsupportedError` where nodes are refused, after they were printed.
    """
    from onespike_lava.data.samples import load_samples

    samples = load_samples(calibration, labels=False).x if calibration else None
    if samples is None and not isinstance(model, str):
        raise OptionError(
            "calibration: missing; a torch model does not say what it takes, give samples with "
            "--calibration X.npz"
        )
    account: dict[str, str] = {}
    refused: list[tuple[str, str]] = []
    try:
        account = _account(model, samples, output, recipe)
    except RefusedNodesError as error:
        refused = list(error.nodes)
    except UnsupportedError as error:
        refused = [("network", str(error))]
    if as_json:
        told = [{"node": node, "reason": reason} for node, reason in refused]
        options.print_json({"converts": not refused, "account": account, "refused": told})
    elif refused:
        options.print_table(refused, ("refused", "reason"))
    else:
        options.print_table(list(account.items()), ("node", "account"))
    if refused:
        raise UnsupportedError(f"{len(refused)} nodes are refused; nothing was written")


def _account(
    model: Any, samples: Any, output: str | None, recipe: Mapping[str, Any]
) -> dict[str, str]:
    """What would become of each node; modules that spike say how each neuron was read."""
    from exporters.stepping.source import is_stepping

    if is_stepping(model):
        from exporters.passes.stepping import prepare_steps
        from exporters.recipe.stepping import OWN, step_recipe_of
        from exporters.stepping.blocks import NOTE, are_blocks, read_chain
        from exporters.stepping.source import read_module

        known = {each.name for each in OWN}
        own = {name: value for name, value in recipe.items() if name in known and value}
        if are_blocks(model):
            read = read_chain(model, samples, step_recipe_of(own), output)
            return dict.fromkeys(read.fires, NOTE)
        source = read_module(model, samples, step_recipe_of(own), output).stepping
        return {**prepare_steps(source)[1], **source.notes}
    from exporters.frontends.read import read
    from exporters.passes.pipeline import prepare

    shape = () if samples is None else samples.shape[1:]
    return prepare(read(model, shape, output), recipe.get("pool", "own"))[1]
