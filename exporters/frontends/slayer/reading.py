"""A module of SLAYER's blocks as the tree of a plain lava-dl file: `path -> array`.

The module runs once. Each block's result is replaced by random spikes, so that what reads it, and
what the module makes of the last one's over the steps, is known by its values.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from exporters.frontends.builder import Builder, Unknown
from exporters.frontends.refs import RefusedError
from exporters.frontends.refusals import line
from exporters.frontends.slayer.blocks import ENDS, HOME, Keys, block_kind, is_drawn, read_block
from exporters.frontends.torch.models import outermost, outputs_of
from onespike_lava.errors import UnsupportedError

CHAIN = "blocks are read that call one another in a row, with nothing between"

Tree = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Blocks:
    """What was read of a module.

    root   : the module, at rest
    tree   : of the plain lava-dl file, its input's layer first
    names  : layer of the tree -> the block's name, in order
    fires  : names of blocks that send spikes
    take   : what the module makes of the last block's result over the steps: `mean`, `sum`,
             `last`, `max`, or empty where it gives all steps
    ends   : the last block's class
    states : whether that gives its neurons' potentials
    unit   : states of its neurons that are 1
    output : which of the module's outputs
    """

    root: nn.Module
    tree: Tree
    names: Mapping[int, str]
    fires: Sequence[str]
    take: str
    ends: str
    states: bool
    unit: int
    output: str

    def trains(self, x: NDArray[Any]) -> dict[str, NDArray[np.uint8]]:
        """Spikes of each block's neurons uint8[N, T, *shape], of samples [N, T, *shape].

        No block sends them a step late (`delay_shift`): each layer has a clock of its own here.
        """
        root = copied(self.root)
        sent: dict[str, list[Tensor]] = {name: [] for name in self.fires}
        for name, parts in sent.items():
            block = root.get_submodule(name)
            block.neuron.register_forward_hook(lambda m, a, out, to=parts: to.append(out.detach()))
        for each in root.modules():
            if hasattr(each, "delay_shift"):
                each.delay_shift = False
        root(_time_last(x))
        found = {name: torch.cat(parts, -1).movedim(-1, 1) for name, parts in sent.items()}
        return {name: each.numpy().astype(np.uint8) for name, each in found.items()}

    def scores(self, x: NDArray[Any]) -> NDArray[np.float64]:
        """The module's own output, as it is, float64[N, outputs]; all steps are added."""
        result = copied(self.root)(_time_last(x))
        outputs = {"0": result} if isinstance(result, Tensor) else outputs_of(result)
        found = outputs[self.output].detach().double()
        return (found.sum(-1) if self.take == "" else found).flatten(1).numpy()


@dataclass
class _Run:
    """Calls of blocks so far."""

    last: Tensor
    tree: Tree
    names: dict[int, str] = field(default_factory=dict)
    fires: list[str] = field(default_factory=list)
    refused: dict[str, tuple[str, str]] = field(default_factory=dict)
    called: list[str] = field(default_factory=list)
    ends: str = ""
    states: bool = False
    unit: int = 1

    def call(self, name: str, block: Any, args: Any, result: Any) -> Any:
        """Note a call, and give random values in the place of its result."""
        try:
            self._note(name, block, args[0])
        except RefusedError as error:
            self.refused[name] = (block_kind(block), str(error))
        out = result[0] if isinstance(result, tuple) else result
        spikes = block_kind(block) not in ENDS
        self.last = _drawn(out.shape, len(self.called), spikes)
        return (self.last, *result[1:]) if isinstance(result, tuple) else self.last

    def _note(self, name: str, block: Any, x: Tensor) -> None:
        if name in self.called:
            raise RefusedError("is called twice; give each layer a block of its own")
        if x is not self.last and not torch.equal(x, self.last):
            raise RefusedError(f"reads what the block before does not give; {CHAIN}")
        if self.ends in ENDS:
            raise RefusedError(f"stands behind an {self.ends} block; end with that")
        self.called.append(name)
        self.ends, self.states = block_kind(block), bool(getattr(block, "dynamics", False))
        keys = read_block(block, tuple(x.shape[1:-1]))
        if keys:
            number = len({path.split("/")[1] for path in self.tree})
            self.tree |= {f"layer/{number}/{key}": _array(each) for key, each in keys.items()}
            self.names[number] = name
        if getattr(block, "neuron", None) is not None:
            self.unit = block.neuron.s_scale
            if self.ends not in ENDS:
                self.fires.append(name)


def has_blocks(module: Any) -> bool:
    """Whether some of a module's modules are SLAYER's blocks."""
    return any(block_kind(each) for each in module.modules())


def read_blocks(
    module: nn.Module, sample_shape: tuple[int, ...], steps: int, output: str | None = None
) -> Blocks:
    """What SLAYER's blocks in a module compute.

    module       : is not changed
    sample_shape : of one step, (C, H, W) or (F,)
    output       : of several outputs, the key or number that the module returns it under

    Raises `UnsupportedError` with every block that is not read, or for what is done around them.
    """
    root = copied(outermost(module))
    title = type(outermost(module)).__name__
    _refuse_drawn(root, title)
    x = _drawn((2, *sample_shape, steps), 0)
    first: Keys = {"type": "input", "shape": sample_shape}
    run = _Run(x, {f"layer/0/{key}": _array(each) for key, each in first.items()})
    for name, block in root.named_modules():
        if block_kind(block):
            block.register_forward_hook(
                lambda b, args, result, name=name: run.call(name, b, args, result)
            )
    try:
        result = root(x)
    except Exception as error:  # whatever the module's own code raises
        raise UnsupportedError(
            f"{title}: cannot be called with events [N, ..., T] ({line(error)}); give samples "
            "[N, T, ...] of the size that it was trained on"
        ) from error
    if run.refused:
        Builder(problems=run.refused).finish(Unknown())
    take, chosen = _taken(title, result, run.last, output)
    return Blocks(
        copied(outermost(module)),
        *(run.tree, run.names, run.fires, take, run.ends, run.states, run.unit, chosen),
    )


def copied(module: nn.Module) -> nn.Module:
    """A copy in inference mode, at rest, whose results have no gradient."""
    inner = [value for each in module.modules() for value in vars(each).values()]
    found: nn.Module = copy.deepcopy(
        module,  # what a weight norm made has a gradient, and no copy of its own
        {id(each): each.detach().clone() for each in inner if isinstance(each, Tensor)},
    )
    for each in found.eval().requires_grad_(False).modules():
        if HOME in type(each).__module__:
            each.delay_buffer = None
        for name in ("current_state", "voltage_state"):
            if name in each._buffers:
                setattr(each, name, torch.zeros(1))
    return found


def _drawn(shape: Sequence[int], seed: int, spikes: bool = True) -> Tensor:
    """Random spikes, or values of 0 to 1, [2, ..., T], the same for a seed.

    Sum, mean, last and largest step of them differ for certain: one sample's is 1 first and 0 last,
    a neuron of the other is 1 in all steps.
    """
    found = torch.rand(tuple(shape), generator=torch.Generator().manual_seed(seed))
    found = (found < 0.5).float() if spikes else found
    found[0, ..., 0], found[0, ..., -1] = 1.0, 0.0
    found[1].flatten(0, -2)[0] = 1.0
    return found


def _time_last(x: NDArray[Any]) -> Tensor:
    """Samples [N, T, ...] as SLAYER takes them, [N, ..., T]."""
    return torch.from_numpy(np.asarray(x, np.float32)).movedim(1, -1)


def _refuse_drawn(root: nn.Module, title: str) -> None:
    drawn = [name for name, each in root.named_modules() if block_kind(each) and is_drawn(each)]
    if drawn:
        raise UnsupportedError(
            f"{title}: the delays or decays of {', '.join(drawn[:3])} are drawn in its first call; "
            "call it once, then load its weights"
        )


def _taken(title: str, result: Any, last: Tensor, output: str | None) -> tuple[str, str]:
    """What the module makes of its last block's result, and the output that is it."""
    outputs = {"0": result} if isinstance(result, Tensor) else outputs_of(result)
    if output is not None and output not in outputs:
        raise UnsupportedError(f"output: {output!r} is not one of {', '.join(outputs)}; choose one")
    for name, found in outputs.items():
        take = _over(found, last) if output in (None, name) else None
        if take is not None:
            return take, name
    raise UnsupportedError(
        f"{title}: gives neither the last block's result nor its mean, sum, last or largest value "
        "over the steps; return one of these"
    )


def _over(found: Any, last: Tensor) -> str | None:
    if not isinstance(found, Tensor):
        return None
    takes = {
        "": last,
        "mean": last.mean(-1),
        "sum": last.sum(-1),
        "last": last[..., -1],
        "max": last.amax(-1),
    }
    flat = found.flatten()
    for name, value in takes.items():
        same = value.flatten()
        if same.shape == flat.shape and torch.allclose(same.to(flat.dtype), flat, atol=1e-6):
            return name
    return None


def _array(value: Any) -> NDArray[Any]:
    return np.array([value.encode()]) if isinstance(value, str) else np.asarray(value)
