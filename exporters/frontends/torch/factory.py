"""Torch models named on the command line: `package.module:factory` with safetensors weights."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from onespike_lava.errors import DataError, MissingPartError, OptionError, UnsupportedError
from onespike_lava.system.files import check_file


def load_factory(spec: str, weights: str | Path | None = None) -> Any:
    """The torch module that a factory makes, with weights from a safetensors file.

    spec    : `package.module:factory`; modules of the current directory are found too
    weights : the file; its keys must be exactly those of the module's `state_dict`; None
              keeps what the factory gives

    Raises `MissingPartError`, `OptionError` for the spec, `DataError` for the weights.
    """
    try:
        import torch
        from safetensors.torch import load_file
    except ImportError as error:
        raise MissingPartError(
            f"{spec}: {error.name} is not installed; run pip install 'onespike-lava[torch]'"
        ) from None
    module = _factory(spec)()
    if not isinstance(module, torch.nn.Module):
        raise UnsupportedError(
            f"{spec}: returned {type(module).__name__}, not a torch Module; return one"
        )
    if weights is None:
        return module
    check_file(weights)
    try:
        state = load_file(str(weights))
    except Exception as error:  # safetensors raises its own class, which has no public home
        raise DataError(f"{weights}: not a safetensors file ({error}); save it as one") from None
    _check_state(str(weights), state, module.state_dict())
    module.load_state_dict(state, strict=False)
    return module


def _factory(spec: str) -> Any:
    path, _, name = spec.partition(":")
    if not name or not all(part.isidentifier() for part in path.split(".")):
        raise OptionError(
            f"model: {spec!r} is not package.module:factory, nor the path of an ONNX file; give "
            "one of both"
        )
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        module = importlib.import_module(path)
    except ModuleNotFoundError as error:
        raise OptionError(
            f"{spec}: no module named {error.name}; install it or change to its directory"
        ) from None
    finally:
        sys.path.remove(here)
    factory = getattr(module, name, None)
    if not callable(factory):
        raise OptionError(f"{spec}: {path} has no function called {name}; check the name")
    return factory


def _check_state(path: str, found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Same keys and shapes, but for the counters that batch norms keep."""
    needed = {key for key in wanted if not key.endswith("num_batches_tracked")}
    missing = sorted(needed - set(found))
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
