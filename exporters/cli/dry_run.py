"""`onespike export --dry-run`: what would become of every node, without a conversion."""

from __future__ import annotations

from typing import Any

from onespike_lava.cli import options
from onespike_lava.errors import OptionError, RefusedNodesError, UnsupportedError


def dry_run(
    model: Any, calibration: str | None, output: str | None, pool: str, as_json: bool
) -> None:
    """Print the account of every node, or every node that is refused, each with its reason.

    calibration : file of samples, of which the shape counts; None where the model tells its own

    Raises `UnsupportedError` where nodes are refused, after they were printed.
    """
    from exporters.frontends.read import read
    from exporters.passes.pipeline import prepare
    from onespike_lava.data.samples import load_samples

    shape = load_samples(calibration, labels=False).x.shape[1:] if calibration else ()
    if not shape and not isinstance(model, str):
        raise OptionError(
            "calibration: missing; a torch model does not say what it takes, give samples with "
            "--calibration X.npz"
        )
    account: dict[str, str] = {}
    refused: list[tuple[str, str]] = []
    try:
        _, account = prepare(read(model, shape, output), pool)
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
