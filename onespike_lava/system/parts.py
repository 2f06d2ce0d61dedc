"""Optional parts of the installation: absent, broken, or hidden by a file of the same name."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from onespike_lava.errors import MissingPartError


def need(module: str, who: str, *, extra: str = "", title: str = "", way: str = "") -> Any:
    """The package of an optional part, imported.

    module : one of its modules, such as `torch.fx`: a script called `torch.py` has none
    who    : what needs it
    extra  : of this library, which installs it
    title  : its name in messages, that of the package unless given
    way    : how to get it, `pip install` of the extra unless given

    Raises `MissingPartError`. A script that takes a package's place is told by its file, and not
    run.
    """
    name = module.partition(".")[0]
    title, way = title or name, way or f"run pip install 'onespike-lava[{extra}]'"
    spec = find_spec(name)
    if spec is not None and spec.submodule_search_locations is None:
        raise _hidden(who, spec.origin, title, name)
    try:
        package = import_module(name)
        import_module(module)
    except Exception as error:  # an import runs any code
        inner = isinstance(error, ModuleNotFoundError) and str(error.name).startswith(f"{name}.")
        if spec is not None and inner:
            places = list(spec.submodule_search_locations or ())
            raise _hidden(who, places[0] if places else spec.origin, title, name) from error
        absent = isinstance(error, ModuleNotFoundError) and error.name == name
        reason = "is not installed" if absent else f"cannot be imported ({error})"
        raise MissingPartError(f"{who}: {title} {reason}; {way}") from error
    return package


def _hidden(who: str, place: str | None, title: str, name: str) -> MissingPartError:
    return MissingPartError(
        f"{who}: {place} takes the place of {title}, since it is called {name}; rename it"
    )
