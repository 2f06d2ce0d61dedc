"""Torch models named on the command line: `package.module:factory` with safetensors weights."""

from __future__ import annotations

import copy
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from onespike_lava.errors import DataError, OneSpikeError, OptionError, UnsupportedError
from onespike_lava.system.files import check_file
from onespike_lava.system.kinds import mistaken
from onespike_lava.system.names import meant
from onespike_lava.system.parts import need

WRAPPERS = ("module", "_orig_mod")
"""Where DataParallel, AveragedModel and torch.compile keep the model; parts of weights' keys."""


def load_factory(spec: str, weights: str | Path | None = None) -> Any:
    """The torch module that a spec names, with weights from a file.

    spec    : `package.module:factory` or `file.py:factory`, a function or class that is called
              without arguments, or the module itself; modules of the current directory are
              found too
    weights : a safetensors file or one of torch.save that holds tensors alone; its keys must be
              exactly those of the module's `state_dict`, or those that DataParallel,
              AveragedModel or torch.compile make of them; None keeps what the factory gives

    Raises `MissingPartError`, `OptionError` for the spec, `UnsupportedError` where its code
    fails or gives something else, `DataError` for the weights.
    """
    place, name = _parts(spec)
    torch = need("torch.export", spec, extra="torch")
    from exporters.frontends.torch.models import bare
    from exporters.frontends.torch.weights import load_weights

    with _beside(Path(place).parent if place.endswith(".py") else Path()):
        found = _named(spec, place, name)
        module = found if isinstance(found, torch.nn.Module) else _made(spec, name, found)
    if isinstance(module, torch.export.ExportedProgram):
        if weights is None:
            return module
        raise OptionError(f"weights: {spec} is a program that holds its own; leave the option out")
    if not isinstance(module, torch.nn.Module):
        raise UnsupportedError(
            f"{spec}: returned {type(module).__name__}, not a torch Module; return one"
        )
    if weights is None:
        return module
    check_file(weights)
    state = load_weights(weights)
    module = bare(copy.deepcopy(module))  # which may be the user's own
    state = _unwrapped(state, module.state_dict())
    _check_state(str(weights), state, module.state_dict())
    module.load_state_dict(state, strict=False)
    return module


def _parts(spec: str) -> tuple[str, str]:
    """File or dotted module, and the name in it; `OptionError` where a spec is none."""
    place, _, name = spec.rpartition(":")
    if place.endswith(".py") and name:
        check_file(place)
        return str(Path(place).resolve()), name
    if name and all(part.isidentifier() for part in place.split(".")):
        return place, name
    if reason := mistaken(spec, "model"):
        raise OptionError(f"{spec}: {reason}")
    raise OptionError(
        f"model: {spec!r} is not package.module:factory, nor the path of an ONNX file; give "
        "one of both"
    )


@contextmanager
def _beside(folder: Path) -> Iterator[None]:
    """Modules of a folder, and of the current one, can be imported inside."""
    places = list(dict.fromkeys([str(folder.resolve()), str(Path.cwd())]))
    sys.path[:0] = places
    try:
        yield
    finally:
        for place in filter(sys.path.__contains__, places):  # the code may have changed it
            sys.path.remove(place)


def _named(spec: str, place: str, name: str) -> Any:
    try:
        module = _from_file(place) if place.endswith(".py") else importlib.import_module(place)
    except ModuleNotFoundError as error:
        raise OptionError(
            f"{spec}: no module named {error.name}; install it or change to its directory"
        ) from error
    except (Exception, SystemExit) as error:  # whatever the file's own code raises
        raise _failed(spec, error) from error
    found = getattr(module, name, None)
    if not callable(found):
        near = meant(name, [each for each, value in vars(module).items() if callable(value)])
        raise OptionError(
            f"{spec}: {place} has no function called {name}{near or '; check the name'}"
        )
    return found


def _from_file(path: str) -> Any:
    """A module under a name of its own, so that it hides no other."""
    name = f"{Path(path).stem}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _made(spec: str, name: str, factory: Any) -> Any:
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):  # some of C have none
        parameters = {}.values()
    needed = [
        each.name
        for each in parameters
        if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
    if needed:
        raise OptionError(
            f"{spec}: {name} needs {', '.join(needed)}, and is called without arguments; write "
            f"a function that returns {name}({', '.join(needed)}) and name that"
        )
    try:
        return factory()
    except OneSpikeError:
        raise
    except (Exception, SystemExit) as error:
        raise _failed(spec, error) from error


def _failed(spec: str, error: BaseException) -> UnsupportedError:
    text = next(iter(str(error).splitlines()), "")
    reason = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return UnsupportedError(
        f"{spec}: its own code fails ({reason}); correct it, onespike --debug shows where"
    )


def _unwrapped(found: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Weights under the keys of the bare model, where only a wrapper's names stand between."""
    inner = {
        ".".join(part for part in key.split(".") if part not in WRAPPERS): value
        for key, value in found.items()
        if key != "n_averaged"  # of AveragedModel
    }
    fits = not _needed(wanted) - set(inner) and not set(inner) - set(wanted)
    return inner if fits and set(found) != set(wanted) else found


def _needed(wanted: dict[str, Any]) -> set[str]:
    """All keys but the counters that batch norms keep."""
    return {key for key in wanted if not key.endswith("num_batches_tracked")}


def _check_state(path: str, found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Same keys and shapes, but for the counters that batch norms keep."""
    _check_prefix(path, found, wanted)
    missing = sorted(_needed(wanted) - set(found))
    unknown = sorted(set(found) - set(wanted))
    other = sorted(
        f"{key} {list(found[key].shape)}, not {list(wanted[key].shape)}"
        for key in set(found) & set(wanted)
        if found[key].shape != wanted[key].shape
    )
    for what, keys in (("missing", missing), ("unknown", unknown), ("of another shape", other)):
        if keys:
            more = f" and {len(keys) - 5} more" if len(keys) > 5 else ""
            raise DataError(
                f"{path}: {len(keys)} weights are {what}: {', '.join(keys[:5])}{more}; use the "
                "weights of this model"
            )


def _check_prefix(path: str, found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Say so where one word before all keys is all that differs, as frameworks write them."""
    first = {key.partition(".")[0] for key in found}
    rest = {key.partition(".")[2] for key in found}
    if len(first) == 1 and _needed(wanted) <= rest <= set(wanted) and set(found) != set(wanted):
        raise DataError(
            f"{path}: all weights begin with '{first.pop()}.', those of the model do not; save "
            "them without it"
        )
