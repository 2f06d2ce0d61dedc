"""Train the networks of `models.py` and write their weights: `python train.py [NAME ...]`.

Needs SpikingJelly or snnTorch, safetensors and scikit-learn; seeded and on one thread. The test
images only judge the end.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import numpy as np
import torch
from models import FACTORIES
from safetensors.torch import save_file
from torch import nn

HERE = Path(__file__).parent
EPOCHS = 30
BATCH = 60
SEED = 1

split = runpy.run_path(str(HERE.parent / "digits" / "data.py"))["split"]


def forget(model: nn.Module) -> None:
    """Clear what SpikingJelly's neurons keep from call to call."""
    for each in model.modules():
        if hasattr(each, "reset") and hasattr(each, "v"):
            each.reset()


def train(name: str) -> nn.Module:
    """The trained network, in evaluation mode."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    images, labels, _, _ = split()
    x, y = torch.from_numpy(images), torch.from_numpy(labels)
    model = FACTORIES[name]()
    optimiser = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=1e-2)
    steps = EPOCHS * (len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(EPOCHS):
        order = torch.randperm(len(x))[: len(x) // BATCH * BATCH]
        for chosen in order.reshape(-1, BATCH):
            optimiser.zero_grad()
            forget(model)
            rates = model(x[chosen])
            nn.functional.mse_loss(rates, nn.functional.one_hot(y[chosen], 10).float()).backward()
            optimiser.step()
            schedule.step()
    return model.eval()


def accuracy(model: nn.Module) -> float:
    """Share of the test images that the network gets right."""
    _, _, images, labels = split()
    forget(model)
    with torch.no_grad():
        found = model(torch.from_numpy(images)).argmax(1).numpy()
    return float(np.mean(found == labels))


if __name__ == "__main__":
    for name in sys.argv[1:] or FACTORIES:
        trained = train(name)
        kept = {k: v.contiguous() for k, v in trained.state_dict().items()}
        save_file(kept, HERE / f"{name}.safetensors")
        sys.stdout.write(f"{name}: {accuracy(trained):.2%} of the test images right\n")
        sys.stdout.flush()
