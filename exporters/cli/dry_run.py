"""`onespike export --dry-run`: what would become of every node, without a conversion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from onespike_lava.cli import options
from onespike_lava.errors import OptionError, RefusedNodesError, UnsupportedError

if TYPE_CHECKING:
    from exporters.analysis.estimate import Estimate


def dry_run(
    model: Any,
    calibration: str | None,
    output: str | None,
    as_json: bool,
    recipe: Mapping[str, Any],
) -> None:
    """Print the account of every node, or every node that is refused, each with its reason.

    And what an export takes: of a model without samples, with 1,000 of them.

    calibration : file of samples, of which the shape counts; None where the model tells its own
    recipe      : options of the conversion, as they were given

    Raises `UnsupportedError` where nodes are refused, after they were printed, and where a limit is
    exceeded.
    """
    from exporters.calibration.samples import check_some
    from onespike_lava.data.samples import load_samples

    samples = load_samples(calibration, labels=False).x if calibration else None
    if samples is not None:
        check_some(samples)
    if samples is None and not isinstance(model, str):
        raise OptionError(
            "calibration: missing; a torch model does not say what it takes, give samples with "
            "--calibration X.npz"
        )
    account: dict[str, str] = {}
    found: Estimate | None = None
    refused: list[tuple[str, str]] = []
    try:
        account, found = _account(model, samples, output, recipe)
    except RefusedNodesError as error:
        refused = list(error.nodes)
    except UnsupportedError as error:
        refused = [("network", str(error))]
    exceeded = found.exceeded if found else ()
    if as_json:
        reasons = [{"node": node, "reason": reason} for node, reason in refused]
        told = {"converts": not refused and not exceeded, "account": account, "refused": reasons}
        options.print_json(told | ({"estimate": found.summary()} if found else {}))
    elif refused:
        options.print_table(refused, ("refused", "reason"))
    else:
        options.print_table(list(account.items()), ("node", "account"))
        if found:
            options.print_table(found.rows(), ("an export takes", ""))
    if refused:
        raise UnsupportedError(f"{len(refused)} nodes are refused; nothing was written")
    if exceeded:
        raise UnsupportedError("; ".join(exceeded))


def _account(
    model: Any, samples: Any, output: str | None, recipe: Mapping[str, Any]
) -> tuple[dict[str, str], Estimate | None]:
    """What would become of each node, and what an export takes.

    Modules that spike say how each neuron was read, and not what they take.
    """
    from exporters.stepping.source import is_stepping

    if is_stepping(model):
        from exporters.passes.stepping import prepare_steps
        from exporters.recipe.stepping import step_recipe_of
        from exporters.stepping.blocks import NOTE, are_blocks, read_chain
        from exporters.stepping.source import read_module

        wanted = step_recipe_of(dict(recipe))
        if are_blocks(model):
            read = read_chain(model, samples, wanted, output)
            return dict.fromkeys(read.fires, NOTE), None
        steps = read_module(model, samples, wanted, output).stepping
        return {**prepare_steps(steps)[1], **steps.notes}, None
    from exporters.analysis.estimate import estimate
    from exporters.calibration.samples import MOST
    from exporters.conversion import layers_of
    from exporters.frontends.read import read
    from exporters.passes.pipeline import prepare
    from exporters.recipe import recipe_of

    chosen = recipe_of(dict(recipe))
    shape = () if samples is None else samples.shape[1:]
    source = read(model, shape, output)
    prepared, account = prepare(source, chosen.pool, chosen.double)
    layers_of(prepared, chosen)
    count = MOST if samples is None else len(samples)
    return account, estimate(source, prepared, count, chosen)
