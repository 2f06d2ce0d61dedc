"""`onespike operators`."""

from __future__ import annotations

from typing import Any

import click

from onespike_lava.cli import options
from onespike_lava.errors import MissingPartError


@click.command(cls=options.Command, epilog="Example: onespike operators --json")
@options.JSON
def command(as_json: bool) -> None:
    """List what `onespike export` reads of torch and ONNX, and the neurons that it knows.

    It refuses anything else by name. Operators that are left out at the end come after the
    logits and do not change the order of the classes.
    """
    found = supported()
    if as_json:
        options.print_json(found)
        return
    for source, kinds in found.items():
        for kind, names in (kinds or {"": ["not installed"]}).items():
            title = f"{source} {kind}".strip()
            click.echo(click.wrap_text(f"{title}: {', '.join(names)}", 96, "", "  "))


def supported() -> dict[str, dict[str, list[str]] | None]:
    """Source -> kind of operator -> names; None for torch where it is not installed."""
    from exporters.frontends.onnx.table import READERS
    from exporters.frontends.outputs import TAILS

    onnx = {"operators": list(READERS), "left out at the end": list(TAILS)}
    try:
        from onespike_lava.system.parts import need

        need("torch.fx", "operators", extra="torch")
    except MissingPartError:
        return {"onnx": onnx, "torch": None, "torch over graphs": None}
    from exporters.frontends.torch import table as torch_table
    from exporters.gcn import table as gcn_torch_table

    graphs = _table(gcn_torch_table)
    graphs["modules"].append("GCNConv (torch_geometric)")
    from exporters.frontends.torch.programs import ATEN

    torch = {**_table(torch_table), "of exported programs": list(ATEN)}
    torch = {**torch, "left out at the end": list(TAILS)}
    return {"onnx": onnx, "torch": torch, "torch over graphs": graphs, "neurons": _neurons()}


def _neurons() -> dict[str, list[str]]:
    """Package of spiking modules -> the classes of it that are read."""
    from exporters.frontends.spiking.neurons import KINDS

    found: dict[str, list[str]] = {}
    for home, name in KINDS:
        found.setdefault(f"of {home}", []).append(name)
    return found


def _table(tables: Any) -> dict[str, list[str]]:
    functions = dict.fromkeys(each.__name__.lstrip("_") for each in tables.FUNCTIONS)
    return {
        "modules": [each.__name__ for each in tables.MODULES],
        "functions": list(functions),
        "methods": list(tables.METHODS),
    }
