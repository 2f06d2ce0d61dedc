"""Speed and memory of a layer of neurons in training, beside SpikingJelly, snnTorch and Norse.

`python tests/benchmarks/bench_training.py` in a Python of its own (3.11 or later): `pip install -e
. torch spikingjelly snntorch norse`; what is absent is left out. The same synaptic input [T, N, C,
H, W] goes forward through one layer of neurons and the same gradient back. Ours and another take
turns in one process: a ratio is of two runs a moment apart, median over the rounds and quartiles.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import textwrap
import time
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import torch
from torch import Tensor

from exporters.training.neurons import IF, LIF
from exporters.training.surrogates import ATan
from onespike_lava.system.files import write_atomic

Run = Callable[[Tensor], Tensor]
SHAPES = ((4, 32, 16, 32, 32), (8, 32, 32, 16, 16), (16, 32, 64, 8, 8), (4, 48, 8, 8, 8))
NEURONS = {"IF": 1.0, "LIF": 0.5}
HEAD = (
    "| neuron | reset | T, N, C, H, W | beside | ours ms | other ms | ours / other | "
    "ours bytes | other bytes |",
    "|---|---|---|---|---|---|---|---|---|",
)
READING = """
One layer of neurons, forward and backward, ATan surrogate, reset detached, float32. Bytes are those
that autograd keeps from the forward for the backward pass, per neuron and step. A storage that
tensors share counts one time; the input and the output, which other layers hold too, are left out.
Spikes and gradients are the same as SpikingJelly's; snnTorch and Norse fire above the threshold
only and have surrogates of their own, so that theirs are not compared. Milliseconds are of the
processor, and the least of the rounds; a ratio is of two runs a moment apart, median over the
rounds and quartiles.
"""
"""What the page says of its columns."""


def main() -> None:
    """Measure and print a table."""
    given = arguments()
    torch.set_num_threads(given.threads)
    lines = [*opening(given), *HEAD]
    print(*lines, sep="\n", flush=True)
    for name in NEURONS:
        for reset in ("zero", "subtract"):
            for shape in given.shapes:
                for other, make in rivals(name, reset).items():
                    lines.append(line(name, reset, shape, other, make, given))
                    print(lines[-1], flush=True)
    if given.write:
        write_atomic(given.write, "\n".join([*lines, ""]).encode())


def opening(given: argparse.Namespace) -> list[str]:
    """What the page says before its table."""
    load = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    return [
        "# Speed of neurons in training",
        "",
        "Printed by `python tests/benchmarks/bench_training.py --write "
        "docs/benchmarks_training.md`.",
        *textwrap.wrap(READING.strip(), 100),
        "",
        f"{versions()}; {given.threads} threads, {given.rounds} rounds; "
        f"{os.cpu_count()} cores{load}.",
        "",
    ]


def versions() -> str:
    """Of Python and of what takes part."""
    names = [name for name in ("torch", "spikingjelly", "snntorch", "norse") if find_spec(name)]
    return ", ".join([f"Python {platform.python_version()}", *(f"{n} {version(n)}" for n in names)])


def ours(name: str, reset: str) -> Run:
    """Our neuron."""
    options = {"reset": reset, "surrogate": ATan()}
    return IF(**options) if name == "IF" else LIF(NEURONS[name], **options)


def rivals(name: str, reset: str) -> dict[str, Callable[[], Run]]:
    """Library -> what makes its layer, of those that are installed and have such a neuron."""
    found: dict[str, Callable[[], Run]] = {}
    if find_spec("spikingjelly"):
        found["SpikingJelly"] = lambda: jelly(name, reset)
    if find_spec("snntorch"):
        found["snnTorch"] = lambda: snntorch(name, reset)
    if find_spec("norse") and name == "LIF" and reset == "zero":
        found["Norse"] = norse
    return found


def jelly(name: str, reset: str) -> Run:
    """SpikingJelly's neuron in its multi-step mode."""
    from spikingjelly.activation_based import functional, neuron, surrogate

    options = {
        "v_reset": 0.0 if reset == "zero" else None,
        "surrogate_function": surrogate.ATan(),
        "detach_reset": True,
        "step_mode": "m",
    }
    made = (
        neuron.IFNode(**options)
        if name == "IF"
        else neuron.LIFNode(tau=2.0, decay_input=False, **options)
    )

    def run(x: Tensor) -> Tensor:
        functional.reset_net(made)
        return made(x)

    return run


def snntorch(name: str, reset: str) -> Run:
    """snnTorch's neuron, step by step as its tutorials do."""
    import snntorch as snn

    made = snn.Leaky(
        beta=NEURONS[name],
        reset_mechanism=reset,
        reset_delay=False,
        spike_grad=snn.surrogate.atan(),
    )

    def run(x: Tensor) -> Tensor:
        state, spikes = made.init_leaky(), []
        for arriving in x:
            spike, state = made(arriving, state)
            spikes.append(spike)
        return torch.stack(spikes)

    return run


def norse() -> Run:
    """Norse's box neuron over all steps."""
    from norse.torch import LIFBoxCell, LIFBoxParameters

    parameters = LIFBoxParameters(tau_mem_inv=torch.as_tensor(500.0))
    made = LIFBoxCell(parameters, dt=1e-3)

    def run(x: Tensor) -> Tensor:
        state, spikes = None, []
        for arriving in x:
            spike, state = made(2 * arriving, state)
            spikes.append(spike)
        return torch.stack(spikes)

    return run


def line(
    name: str,
    reset: str,
    shape: tuple[int, ...],
    other: str,
    make: Callable[[], Run],
    given: argparse.Namespace,
) -> str:
    """One row of the table."""
    torch.manual_seed(0)
    x, grad = torch.randn(shape) * 0.7 + 0.2, torch.randn(shape)
    own, theirs = ours(name, reset), make()
    if other == "SpikingJelly":
        same(own, theirs, x, grad)
    times: dict[str, list[float]] = {"own": [], "other": []}
    for number in range(given.rounds + 2):
        for label, run in (("own", own), ("other", theirs)):
            spent = seconds(run, x, grad)
            if number > 1:
                times[label].append(spent)
    ratios = [one / two for one, two in zip(times["own"], times["other"], strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    cells = [
        name,
        reset,
        ", ".join(map(str, shape)),
        other,
        *(f"{1000 * min(times[label]):.3g}" for label in ("own", "other")),
        f"{middle:.2f} ({low:.2f}-{high:.2f})",
        *(f"{memory(run, x):.1f}" for run in (own, theirs)),
    ]
    return f"| {' | '.join(cells)} |"


def same(own: Run, other: Run, x: Tensor, grad: Tensor) -> None:
    """Both give the same spikes, and gradients up to rounding, or there is nothing to compare."""
    found = []
    for run in (own, other):
        taken = x.clone().requires_grad_()
        out = run(taken)
        out.backward(grad)
        found.append((out.detach(), taken.grad))
    (spikes, back), (spikes2, back2) = found
    assert (spikes != spikes2).float().mean() < 1e-6, (spikes != spikes2).float().mean()
    agree = (spikes == spikes2).all(0)
    torch.testing.assert_close(back[:, agree], back2[:, agree], rtol=1e-4, atol=1e-5)


def seconds(run: Run, x: Tensor, grad: Tensor) -> float:
    """Of the processor, for one pass forward and backward."""
    taken = x.detach().requires_grad_()
    start = time.process_time()
    run(taken).backward(grad)
    return time.process_time() - start


def memory(run: Run, x: Tensor) -> float:
    """Bytes that autograd keeps, per neuron and step, beside input and output."""
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    taken = x.clone().requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        out = run(taken)
    for known in (taken, out):
        kept.pop(known.untyped_storage().data_ptr(), None)
    return sum(kept.values()) / x.numel()


def shape(text: str) -> tuple[int, ...]:
    """T,N,C,H,W."""
    return tuple(int(each) for each in text.split(","))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shapes", nargs="+", type=shape, default=list(SHAPES))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--write", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
