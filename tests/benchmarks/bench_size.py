"""What an export of large networks takes: time, memory, file, and that all engines agree on it.

Run as `python tests/benchmarks/bench_size.py [NAME ...] [--leaf] [--write PAGE.md]`; the networks
of torchvision need that package. Each one is built, exported with the default recipe, written,
loaded, checked and run on an image in a process of its own, whose largest memory is read. With
`--leaf` the image also goes through Lava's leaf.

Networks for 224 pixels have random weights, batch norms with the statistics of 16 images, and 100
images of CIFAR-10 scaled up for calibration; those of CIFAR-10 1,000 of its training images.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import os
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "netx_models"
sys.path[:0] = [str(ROOT), str(MODELS)]

SMALL = ("resnet20", "resnet44")
LARGE = (*("resnet18", "resnet34", "resnet50", "vgg11", "vgg16_bn", "densenet121", "mobilenet_v2"),)
DEEP = ("densenet121",)
"""Not for Lava's leaf: what paths across a hundred layers hold on the way takes more than 9 GB."""

SIDE, CALIBRATION, SETTLING = 224, 100, 16
HEAD = (
    "network",
    "s",
    "GB",
    "estimated s, GB",
    "layers",
    "neurons",
    "weights",
    "file, MB",
    "chips",
    "violations",
)
AGREE = ("agreement", "correlation", "numba, s", "reference, s", "leaf, s", "equal")


def built(name: str) -> tuple[Any, np.ndarray]:
    """A torch module and its calibration images float32[N, 3, H, W]."""
    import cifar10
    import torch

    small = cifar10.normalised(cifar10.pixels("train", 0, 1000 if name in SMALL else CALIBRATION))
    if name in SMALL:
        return cifar_net(name), small
    from torchvision import models

    torch.manual_seed(0)
    module = getattr(models, name)(weights=None)
    scaled = torch.nn.functional.interpolate(
        torch.from_numpy(small), size=(SIDE, SIDE), mode="bilinear", align_corners=False
    )
    settle(module, scaled[:SETTLING])
    return module.eval(), scaled.numpy()


def cifar_net(name: str) -> Any:
    """A trained ResNet of CIFAR-10, by its number of layers."""
    import cifar10
    from safetensors.torch import load_file

    spec = importlib.util.spec_from_file_location("model", MODELS / "resnet20-cifar10" / "model.py")
    assert spec is not None
    assert spec.loader is not None
    model = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(model)
    module = model.ResNet((int(name.removeprefix("resnet")) - 2) // 6)
    module.load_state_dict(load_file(cifar10.folder() / f"{name}.safetensors"))
    return module.eval()


def settle(module: Any, images: Any) -> None:
    """Give batch norms the statistics of some images."""
    import torch

    for each in module.modules():
        if isinstance(each, torch.nn.BatchNorm2d):
            each.reset_running_stats()
            each.momentum = None
            each.train()
    with torch.no_grad():
        module(images)


def measured(name: str, leaf: bool) -> dict[str, Any]:
    """Export one network; what it took, and whether the file's engines agree, Lava's leaf too."""
    module, images = built(name)
    import onespike_lava
    from exporters import convert
    from exporters.analysis.estimate import estimate
    from exporters.frontends.read import read
    from exporters.passes.pipeline import prepare
    from exporters.recipe import Recipe
    from onespike_lava import loihi
    from onespike_lava.evaluation.comparison import first_difference
    from onespike_lava.netx import save

    source = read(module, images.shape[1:], None)
    told = estimate(source, prepare(source, "merge")[0], len(images), Recipe())
    del source
    start = time.process_time()
    found = convert(module, images)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.net"
        save(found.network, path)
        took, size = time.process_time() - start, path.stat().st_size
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        network = onespike_lava.load(path)
    times, runs = {}, {}
    network.run(images[:1], "numba")  # kernels are loaded
    for engine in ("numba", "reference", *(["lava"] if leaf else [])):
        start = used()
        runs[engine] = network.run(images[:1], engine, record=True)
        times[engine] = used() - start
    differences = [first_difference(runs["numba"], runs[engine]) for engine in list(runs)[1:]]
    share = loihi.fit(network).layers[-1].share
    violations = loihi.check(network, chips=math.ceil(share))
    check = found.check
    return {
        "network": name,
        "s": f"{took:.0f}",
        "GB": f"{peak:.2f}",
        "estimated s, GB": f"{told.seconds:.0f}, {told.memory / 1e9:.1f}",
        "layers": len(network.layers),
        "neurons": f"{sum(network.neurons.values()):,}",
        "weights": f"{network.weights:,}",
        "file, MB": f"{size / 1e6:.1f}",
        "chips": f"{share:.1f}",
        "violations": ", ".join(sorted({each.rule for each in violations})) or "none",
        "agreement": f"{check.agreement:.2f}",
        "correlation": f"{check.correlation:.3f}",
        "numba, s": f"{times['numba']:.2f}",
        "reference, s": f"{times['reference']:.0f}",
        "leaf, s": f"{times['lava']:.0f}" if leaf else "",
        "equal": "yes" if differences == [None] * len(differences) else "NO",
        "whole": f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f}",
    }


def used() -> float:
    """Seconds of the processor that this process and its ended children have taken."""
    return sum(os.times()[:4])


def page(rows: list[dict[str, Any]], command: str) -> str:
    """The table, in Markdown."""
    columns = (*HEAD, *AGREE)
    lines = ["# Exports of large networks", "", f"Printed by `{command}`.", ""]
    lines += ["| " + " | ".join(columns) + " |", "|---|" + "---|" * (len(columns) - 1)]
    lines += ["| " + " | ".join(str(row[key]) for key in columns) + " |" for row in rows]
    return "\n".join([*lines, TEXT.rstrip(), ""])


TEXT = """
`s` are seconds of one processor core from the torch module to the file, `GB` the most memory that
the process held until then, torch and the module included; beside them what `onespike export
--dry-run` says before, with 3 s for the start of Python and torch. Networks for 224 pixels have
random weights, batch norms with the statistics of 16 images, and 100 images of CIFAR-10 scaled up
for calibration; ResNet-20 and ResNet-44 are trained and take 1,000 images. `agreement` and
`correlation` are those of the self-check: random weights tell 1,000 classes apart by little, so
that the first says little there.
`numba` and `reference` are the engines' seconds on one image, `equal` whether every spike and
score is the same. `chips` is the share of Loihi 2 chips that weights and states take, at least,
`violations` are the rules that the file breaks by `onespike check --chips N`, `N` being that share
rounded up. `leaf` is one image through Lava's leaf, start and end included, `equal` holds of it
too. DenseNet-121 is left out there: what its paths across a hundred layers hold on the way is many
GB.

What bounds an export is the source itself and its file, not the number of samples: values of a
layer on all of them lie in files, and where a sample is much work fewer are used
(`calibration_used` in the file's provenance), 17 of the 100 for VGG-16. Average pools of more than
8,192 values have neurons of their own. DenseNet-121 has 660 layers: each of its norms makes
neurons of its own of all convolutions before it.
"""


def main() -> None:
    """Measure and print, or write a page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(SMALL + LARGE)}")
    parser.add_argument("--write", type=Path, metavar="PAGE.md", help="page to write")
    parser.add_argument("--leaf", action="store_true", help="the image through Lava's leaf too")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print(json.dumps(measured(given.names[0], given.leaf)))
        return
    rows = []
    for name in given.names or SMALL + LARGE:
        words = [sys.executable, "-W", "ignore", __file__, "--child", name]
        words += ["--leaf"] * (given.leaf and name not in DEEP)
        ended = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)
        if ended.returncode:
            print(f"{name}: no figures, exit {ended.returncode}", flush=True)
            continue
        rows.append(json.loads(ended.stdout.splitlines()[-1]))
        print(json.dumps(rows[-1]), flush=True)
        if given.write:
            command = shlex.join(["python", "tests/benchmarks/bench_size.py", *sys.argv[1:]])
            given.write.write_text(page(rows, command))


if __name__ == "__main__":
    main()
