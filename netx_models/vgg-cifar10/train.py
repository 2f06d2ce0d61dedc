"""Train the VGG-style network and write `vgg.safetensors` beside this file: `python train.py`.

Seeded; needs torch, safetensors and the data of `cifar10.py`. About half an hour on two
cores with bfloat16 arithmetic. The test images only judge the end.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import cifar10
from model import build

EPOCHS = 16
BATCH = 128
RATE = 0.1
SEED = 1


def train() -> nn.Module:
    """The trained network, in evaluation mode."""
    torch.manual_seed(SEED)
    images = torch.from_numpy(cifar10.normalised(cifar10.pixels("train")))
    targets = torch.from_numpy(cifar10.labels("train"))
    model = build().to(memory_format=torch.channels_last)
    optimiser = torch.optim.SGD(
        model.parameters(), lr=RATE, momentum=0.9, weight_decay=5e-4, nesterov=True
    )
    steps = EPOCHS * (len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=RATE, total_steps=steps, pct_start=0.25
    )
    loss = nn.CrossEntropyLoss(label_smoothing=0.05)
    for epoch in range(EPOCHS):
        model.train()
        order = torch.randperm(len(images))[: len(images) // BATCH * BATCH]
        total = 0.0
        for chosen in order.reshape(-1, BATCH):
            optimiser.zero_grad()
            with torch.autocast("cpu", dtype=torch.bfloat16):
                value = loss(model(augmented(images[chosen])), targets[chosen])
            value.backward()
            optimiser.step()
            schedule.step()
            total += value.item()
        print(f"epoch {epoch + 1}: loss {total * BATCH / len(order):.3f}", flush=True)
    return model.eval()


def augmented(x: torch.Tensor) -> torch.Tensor:
    """The images, each moved by up to four pixels, half of them mirrored."""
    padded = nn.functional.pad(x, (4, 4, 4, 4))
    down, across = torch.randint(0, 9, (2, len(x)))
    rows = (down[:, None] + torch.arange(32))[:, None, :, None]
    columns = across[:, None] + torch.arange(32)
    columns = torch.where(torch.rand(len(x), 1) < 0.5, columns.flip(1), columns)[:, None, None, :]
    samples = torch.arange(len(x))[:, None, None, None]
    channels = torch.arange(3)[None, :, None, None]
    moved = padded[samples, channels, rows, columns]
    return moved.contiguous(memory_format=torch.channels_last)


def accuracy(model: nn.Module) -> float:
    """Share of the test images that the network gets right."""
    x, y = torch.from_numpy(cifar10.normalised(cifar10.pixels("test"))), cifar10.labels("test")
    with torch.inference_mode():
        found = torch.cat([model(part).argmax(1) for part in x.split(500)]).numpy()
    return float(np.mean(found == y))


if __name__ == "__main__":
    from safetensors.torch import save_file

    trained = train()
    print(f"test accuracy {accuracy(trained):.4f}", flush=True)
    state = {name: value.contiguous() for name, value in trained.state_dict().items()}
    save_file(state, str(Path(__file__).parent / "vgg.safetensors"))
