"""Make `tssl.net` of `tssl.safetensors` and print its card's figures: `python make.py`.

`--train` first trains the network anew, as `../training/tssl.py` does with seed 0, and writes the
weights. Needs torch, safetensors and the data of `../training/mnist5k.py`; with Lava here, 100 test
images run in its stock Processes too.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "training"))

import tssl  # noqa: E402
from mnist5k import split  # noqa: E402

from exporters import StepConversion, convert_spiking  # noqa: E402
from exporters.training.loop import Reading, accuracy  # noqa: E402
from onespike_lava import Network, save  # noqa: E402
from onespike_lava.evaluation.comparison import first_difference  # noqa: E402

CALIBRATION = 500
IN_LAVA = 100


def main() -> None:
    """Write the file and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--write", action="store_true", help="replace tssl.net")
    given = parser.parse_args()
    torch.set_num_threads(1)
    x, _, x_test, y_test = split()
    if given.train:
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder) / "run.pt"
            tssl.train("TSSL-BP", 0, work)
            save_file(torch.load(work.with_suffix(".weights")), HERE / "tssl.safetensors")
    model = tssl.network()
    model.load_state_dict(load_file(HERE / "tssl.safetensors"))
    model.eval()
    rows = [
        ("float, filtered spikes", accuracy(model, x_test, y_test, Reading(scores=tssl.scores))),
        (
            "float, spike counts",
            accuracy(model, x_test, y_test, Reading(scores=lambda s: s.sum(0))),
        ),
    ]
    seen = x[:CALIBRATION].numpy()
    exact = convert_spiking(model, seen, readout="sum")
    rows.append(("int8, preset exact", right(exact.network, x_test, y_test)))
    made = {bits: lava(model, seen, bits) for bits in range(2, 9)}
    bits = min(made, key=lambda each: missed(made[each].network, model, seen))
    found = made[bits]
    rows.append((f"int8, preset lava, {bits} bits of input", right(found.network, x_test, y_test)))
    for name, share in rows:
        print(f"| {name} | {100 * share:.2f} % |")
    compare(found.network, x_test[:IN_LAVA].numpy())
    if given.write:
        save(found.network, HERE / "tssl.net")


def lava(model: torch.nn.Module, seen: np.ndarray, bits: int) -> StepConversion:
    """With Lava's neurons.

    Their thresholds are below 2**17, so that a finer input takes bits from the first weights: the
    calibration images choose.
    """
    options = {"readout": "sum", "preset": "lava", "input_range": (0.0, 1.0)}
    return convert_spiking(model, seen, input_bits=bits, **options)


def missed(network: Network, model: torch.nn.Module, seen: np.ndarray) -> float:
    """Mean difference of the output neurons' spike counts from the float network's."""
    with torch.no_grad():
        counts = model(torch.from_numpy(seen)).sum(0).numpy()
    found = network.run(seen).scores * network.output_scale
    return float(np.abs(found - counts).mean())


def right(network: Network, x: torch.Tensor, y: torch.Tensor) -> float:
    """Share of images whose class is found by engine numba."""
    return float(np.mean(network.predict(x.numpy()) == y.numpy()))


def compare(network: Network, x: np.ndarray) -> None:
    """Spikes and scores of every engine against the reference's."""
    expected = network.run(x, "reference", record=True)
    engines = ["numba", *(("lava", "stock") if find_spec("lava") else ())]
    for engine in engines:
        difference = first_difference(network.run(x, engine, record=True), expected)
        print(f"{engine}, {len(x)} images: first difference from the reference: {difference}")


if __name__ == "__main__":
    main()
