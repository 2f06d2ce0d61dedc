"""A module's calls as it runs once: functions on what depends on its input, and leaf modules.

Whatever control flow its code has, loops over steps among them, the calls come in order with
real tensors, so that shapes are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from exporters.frontends.torch.models import leaves, mapped

LOOKS = ("__get__", "size", "dim", "numel", "stride", "is_floating_point", "is_complex", "__len__")
"""What asks for a tensor's kind or sizes, not for its values."""


NARROW = (torch.float32, torch.float16, torch.bfloat16)
"""What becomes float64."""


class Traced(torch.Tensor):  # type: ignore[misc]
    """A tensor whose indexing by a number is a call too: of plain ones torch does not tell."""


class Reader(Protocol):
    """Who is told of the calls."""

    def function(self, name: str, call: Any, args: Any, options: Any, result: Any) -> Any:
        """What the result stands for, values in the place of tensors."""

    def leaf(self, name: str, module: nn.Module, args: Any, options: Any, result: Any) -> Any:
        """The same of a leaf module."""


class Doubled(TorchFunctionMode):  # type: ignore[misc]
    """Keeps a module in float64 where its code or its neurons say float32."""

    def __torch_function__(
        self, call: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Called in the place of every function on tensors."""
        result = call(*args, **(kwargs or {}))
        narrow = isinstance(result, torch.Tensor) and result.dtype in NARROW
        return result.double() if narrow and result is not next(iter(args), None) else result


class Tape(Doubled):
    """Runs a module, and tells a reader of its calls.

    is_leaf : which modules are calls themselves
    known   : id of a tensor -> what it stands for
    """

    def __init__(
        self, root: nn.Module, reader: Reader, is_leaf: Callable[[nn.Module], bool]
    ) -> None:
        super().__init__()
        self.root, self.reader, self.is_leaf = root, reader, is_leaf
        self.known: dict[int, Any] = {}
        self.alive: list[Any] = []
        self.names: list[str] = []
        self.paused = False

    def run(self, x: torch.Tensor, stands: Any) -> Any:
        """What the module's result stands for, where its input stands for `stands`."""
        x = x.as_subclass(Traced)
        self._note(x, stands)
        with patched(self.root, self._forward), torch.no_grad(), self:
            result = self.root(x)
        return self._seen(result)

    def __torch_function__(
        self, call: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Called in the place of every function on tensors."""
        options = dict(kwargs or {})
        result = super().__torch_function__(call, types, args, options)
        if self.paused or not self._depends([list(args), options]):
            return result
        tensors = any(isinstance(each, torch.Tensor) for each in leaves(result))
        if call.__name__ in LOOKS and not tensors:  # `x.T` is a getter, too
            return result
        name = self.names[-1] if self.names else ""
        seen = self._seen(list(args)), self._seen(options)
        self._note(result, self.reader.function(name, call, *seen, result))
        return result

    def _forward(
        self, name: str, module: nn.Module, forward: Any, *args: Any, **options: Any
    ) -> Any:
        """Called in the place of every module's own code."""
        if self.paused:
            return forward(*args, **options)
        if not self.is_leaf(module):
            self.names.append(name)
            result = forward(*args, **options)
            self.names.pop()
            return result
        seen = self._seen(list(args)), self._seen(options)
        self.paused = True
        plain, named = _as(torch.Tensor, list(args)), _as(torch.Tensor, options)
        result = _as(Traced, doubled(forward(*plain, **named)))
        self.paused = False
        if self._depends([list(args), options]):
            self._note(result, self.reader.leaf(name, module, *seen, result))
        return result

    def _depends(self, values: Any) -> bool:
        return any(isinstance(e, torch.Tensor) and id(e) in self.known for e in leaves(values))

    def _seen(self, values: Any) -> Any:
        """The same, with what is known of tensors in their place."""
        return mapped(values, lambda each: self.known.get(id(each), each))

    def _note(self, result: Any, stands: Any) -> None:
        """Note what tensors stand for; the result's structure is that of `stands`, or one of it."""
        self.alive.append(result)
        if isinstance(result, torch.Tensor):
            self.known[id(result)] = stands
        elif isinstance(result, (tuple, list)):
            parts = stands if isinstance(stands, (tuple, list)) else [stands] * len(result)
            # what comes first counts where an output is a state too
            for each, part in reversed(list(zip(result, parts, strict=True))):
                if part is not None:
                    self._note(each, part)


def doubled(result: Any) -> Any:
    """What a neuron gives in float64: some give spikes in float32 whatever they get."""
    return mapped(result, lambda each: each.double() if isinstance(each, torch.Tensor) else each)


def _as(kind: type, values: Any) -> Any:
    """The same tensors as those of a class; neurons keep states, which are to be plain ones."""
    return mapped(
        values, lambda each: each.as_subclass(kind) if isinstance(each, torch.Tensor) else each
    )


@contextmanager
def patched(root: nn.Module, forward: Callable[..., Any]) -> Iterator[None]:
    """The module and all in it call `forward` with their name, themselves and their own code."""
    changed = []
    for name, module in root.named_modules():
        own = module.forward
        module.forward = _bound(forward, name, module, own)
        changed.append(module)
    try:
        yield
    finally:
        for module in changed:
            del module.forward


def _bound(forward: Callable[..., Any], name: str, module: nn.Module, own: Any) -> Any:
    return lambda *args, **options: forward(name, module, own, *args, **options)
