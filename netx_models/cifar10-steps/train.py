"""Train the network of `models.py` and write `jelly_cifar10.safetensors`: `python train.py [WORK]`.

Needs SpikingJelly, safetensors, Pillow and the data of `../cifar10.py`; seeded and on one thread.
WORK names a file that keeps an unfinished run, from which a second call goes on. The test images
only judge the end.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from models import jelly_cifar10
from safetensors.torch import save_file
from torch import Tensor, nn

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1])]

import cifar10  # noqa: E402

from exporters.training import Plan, Shifts, fit  # noqa: E402
from exporters.training.plan import Result  # noqa: E402

PLAN = Plan(epochs=8, batch=64, rate=0.1, decay=5e-4, smoothing=0.05, warm=200, seed=1)


def forget(model: nn.Module) -> None:
    """Clear what the neurons keep from call to call."""
    from spikingjelly.activation_based import functional

    functional.reset_net(model)


def train(work: Path | None = None) -> tuple[nn.Module, Result]:
    """The trained network, and what is known of its training."""
    torch.manual_seed(PLAN.seed)
    torch.set_num_threads(1)
    model = jelly_cifar10()
    mean, deviation = (
        torch.from_numpy(each)[:, None, None] for each in (cifar10.MEAN, cifar10.DEVIATION)
    )

    def prepare(pixels: Tensor) -> Tensor:
        """Images as the network takes them, its neurons at rest."""
        forget(model)
        return (pixels.float() / 255 - mean) / deviation

    def images(part: str) -> tuple[Tensor, Tensor]:
        return torch.from_numpy(cifar10.pixels(part)), torch.from_numpy(cifar10.labels(part))

    result = fit(
        *(model, *images("train"), PLAN),
        test=images("test"),
        prepare=prepare,
        augment=Shifts(4, mirror=True),
        path=work,
        progress=told,
    )
    forget(model)
    return model.eval(), result


def told(work: str, done: int, total: int) -> None:
    """Progress, every hundred steps."""
    if done % 100 == 0:
        print(f"{work}: step {done} of {total}", flush=True)


if __name__ == "__main__":
    trained, result = train(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    kept = {name: value.contiguous() for name, value in trained.state_dict().items()}
    save_file(kept, HERE / "jelly_cifar10.safetensors")
    print(f"jelly_cifar10: {result.last:.2%} of the test images right, {result.seconds:.0f} s")
