"""ResNet-20 in Lava: both models against engine `numpy`, and the leaf's price.

    ONESPIKE_DATA=... python tests/benchmarks/lava_resnet20.py [--images 4] [--rounds 3]
    ONESPIKE_DATA=... python tests/benchmarks/lava_resnet20.py --samples 10000

Every code, spike count and score of the first test images is compared; exit 1 where one
differs. The price of Lava is the time of the leaf model over that of the same steps in this
process, which computes the same integers phase by phase with the same functions: on the wall,
and in processor time, which tells more on a busy machine. Both use one thread.

With `--samples` so many test images go through the leaf as one stream instead, and every score is
compared with engine `numba`'s.
"""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy reads it: threads that spin hide times

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "netx_models"))

import cifar10  # noqa: E402

import onespike_lava  # noqa: E402
from onespike_lava.data.encoding import encode  # noqa: E402
from onespike_lava.engines import numpy  # noqa: E402
from onespike_lava.engines.result import Result  # noqa: E402
from onespike_lava.network import Network  # noqa: E402
from onespike_lava.neurons import clock  # noqa: E402
from onespike_lava.processes import engine as lava  # noqa: E402
from onespike_lava.processes.leaf.network import NetworkSteps  # noqa: E402
from onespike_lava.processes.leaf.recorder import Recorder  # noqa: E402
from onespike_lava.schedule import total_steps  # noqa: E402


def run_plain(network: Network, data: np.ndarray, wait: int, record: bool) -> Result:
    """The leaf's own steps, one after the other in this process."""
    layers = network.layers[:-1]
    spikes = np.zeros(len(layers), np.int64)
    noted = [np.zeros((len(data), *layer.shape), np.uint8) for layer in layers] if record else None
    steps = NetworkSteps(network, wait)
    scores = np.zeros((len(data), *network.readout.shape))
    recorder = Recorder(network, wait, len(data), spikes, scores, noted)
    silence = np.zeros_like(data[:1])  # while the last samples are on their way
    samples = np.concatenate([data, np.repeat(silence, len(network.layers) + 1, axis=0)])
    for step in range(1, total_steps(network, wait, len(data)) + 1):
        sample, phase = clock(step, 0, network.phases)
        values = network.code(0).sent(samples[sample : sample + 1], phase - 1, phase)[0]
        recorder.note(step, steps.step(step, values))
    return Result(scores.astype(np.int64), spikes.tolist(), noted)


def same(one: Result, other: Result) -> bool:
    """Whether scores, spike counts and all codes are equal."""
    return (
        np.array_equal(one.scores, other.scores)
        and list(one.spikes) == list(other.spikes)
        and all(map(np.array_equal, one.codes or (), other.codes or ()))
    )


def timed(run, *given) -> tuple[np.ndarray, Result]:
    """Seconds and processor seconds, those of ended children included; and the outcome."""
    began = clocks()
    found = run(*given)
    return clocks() - began, found


def clocks() -> np.ndarray:
    """Wall clock and processor time of this process and its ended children."""
    used = os.times()
    return np.array([used.elapsed, sum(used[:4])])


def price(network: Network, data: np.ndarray, rounds: int, record: bool) -> None:
    """Print the leaf's time over a plain process's: medians of the rounds' quotients."""
    ratios = []
    for _ in range(rounds):
        plain, _ = timed(run_plain, network, data, network.wait, record)
        leaf, _ = timed(lava.run_model, network, data, network.wait, record, "leaf")
        ratios.append(leaf / plain)
        print(
            f"  plain {plain.round(2)} s, leaf {leaf.round(2)} s, quotients {ratios[-1].round(2)}"
        )
    wall, used = np.median(ratios, axis=0)
    what = "with codes" if record else "scores alone"
    print(
        f"{what}: the leaf takes {wall:.2f} times the plain process, {used:.2f} in processor time"
    )


def stream(network: Network, samples: int) -> int:
    """Print what the leaf takes for test images in a row, and how many are right; exit status."""
    images = cifar10.normalised(cifar10.pixels("test", 0, samples))
    labels, expected = cifar10.labels("test", 0, samples), network.run(images)
    data = encode(network.input, images).integers
    (wall, used), found = timed(lava.run_model, network, data, network.wait, False, lava.MODELS[0])
    agree = np.array_equal(found.scores, expected.scores)
    verdict = "every score as" if agree else "NOT as"
    right = 100 * np.mean(found.scores.argmax(1) == labels)
    print(
        f"{len(data)} images through the leaf in {wall:.1f} s, start and end included, "
        f"{used:.1f} s of the processor: {len(data) / wall:.0f} images a second; {verdict} "
        f"engine {expected.engine}, {right:.2f} % right"
    )
    return int(not agree)


def main() -> int:
    """Compare, measure, print; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--leaf", action="store_true", help="leave the hierarchy out")
    parser.add_argument("--samples", type=int, help="time so many through the leaf, no more")
    options = parser.parse_args()
    network = onespike_lava.load(ROOT / "netx_models/resnet20-cifar10/resnet20.net")
    if options.samples:
        return stream(network, options.samples)
    images = cifar10.normalised(cifar10.pixels("test", 0, options.images))
    data = encode(network.input, images).integers
    expected = numpy.run(network, data, network.wait, True)
    agree = True
    runs = {"plain": run_plain}
    for model in lava.MODELS[: 1 if options.leaf else None]:
        runs[model] = partial(lava.run_model, model=model)
    for name, run in runs.items():
        seconds, found = timed(run, network, data, network.wait, True)
        agree &= same(found, expected)
        verdict = "every spike as" if same(found, expected) else "NOT as"
        print(f"{name:9} {seconds[0]:7.2f} s for {len(data)} images, {verdict} numpy", flush=True)
    for record in (False, True):
        price(network, data, options.rounds, record)
    return int(not agree)


if __name__ == "__main__":
    sys.exit(main())
