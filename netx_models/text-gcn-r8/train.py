"""Train Text GCN on R8: `python train.py FILE.safetensors`, some four minutes on two cores.

Seeded; needs torch, safetensors, scipy and the documents of `data.py`. Early stopping looks at
a tenth of the training documents; the test documents only judge the end.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import data
import numpy as np
import torch
from model import TextGCN
from torch.nn import functional as F  # noqa: N812

RATE = 0.02
EPOCHS = 200
PATIENCE = 10
VALIDATION = 10
"""One training document in so many validates."""


@dataclass(frozen=True)
class Split:
    """Node numbers: trained on, watched for early stopping, and judged."""

    train: torch.Tensor
    validation: torch.Tensor
    test: torch.Tensor


def split(r8: data.R8, seed: int) -> Split:
    """The training documents in a random order, every tenth for validation."""
    order = np.random.RandomState(seed).permutation(np.flatnonzero(r8.train))
    held = len(order) // VALIDATION
    parts = (order[held:], order[:held], np.flatnonzero(r8.test))
    return Split(*map(torch.from_numpy, parts))


def train(r8: data.R8, seed: int) -> TextGCN:
    """The network of the least validation loss."""
    torch.manual_seed(seed)
    nodes = len(r8.labels)
    adjacency, labels = sparse(r8.adjacency), torch.from_numpy(r8.labels)
    model = TextGCN(nodes, len(r8.classes))
    optimiser = torch.optim.Adam(model.parameters(), lr=RATE)
    parts = split(r8, seed)
    best, state, waited = np.inf, {}, 0
    for epoch in range(EPOCHS):
        model.train()
        optimiser.zero_grad()
        kept = F.dropout(torch.ones(nodes), 0.5)  # of the identity's entries
        logits = model(diagonal(kept), adjacency)
        loss = F.cross_entropy(logits[parts.train], labels[parts.train])
        loss.backward()
        optimiser.step()
        logits = evaluate(model, adjacency)
        watched = F.cross_entropy(logits[parts.validation], labels[parts.validation]).item()
        waited = 0 if watched < best else waited + 1
        if watched < best:
            best = watched
            state = {name: value.clone() for name, value in model.state_dict().items()}
        share = accuracy(logits, labels, parts.validation)
        line = f"loss {loss:.4f}, validation {watched:.4f}, accuracy {share:.4f}"
        print(f"epoch {epoch + 1}: {line}", flush=True)
        if waited == PATIENCE:
            break
    model.load_state_dict(state)
    print(f"test accuracy {accuracy(evaluate(model, adjacency), labels, parts.test):.4f}")
    return model.eval()


def sparse(matrix: data.sp.csr_matrix) -> torch.Tensor:
    """A scipy matrix as torch's CSR."""
    parts = (matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), matrix.data)
    return torch.sparse_csr_tensor(*map(torch.from_numpy, parts), size=matrix.shape)


def diagonal(values: torch.Tensor) -> torch.Tensor:
    """A diagonal matrix as torch's sparse COO."""
    places = torch.arange(len(values)).expand(2, -1)
    return torch.sparse_coo_tensor(places, values, (len(values),) * 2, check_invariants=False)


def evaluate(model: TextGCN, adjacency: torch.Tensor) -> torch.Tensor:
    """Logits float32[nodes, classes] for identity features."""
    model.eval()
    with torch.inference_mode():
        return model(diagonal(torch.ones(len(adjacency))), adjacency)


def accuracy(logits: torch.Tensor, labels: torch.Tensor, nodes: torch.Tensor) -> float:
    """Share of the nodes whose largest logit is that of their label."""
    return float((logits[nodes].argmax(1) == labels[nodes]).float().mean())


if __name__ == "__main__":
    from safetensors.torch import save_file

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", help="safetensors file to write")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    trained = train(data.load(), options.seed)
    weights = {name: value.contiguous() for name, value in trained.state_dict().items()}
    save_file(weights, options.output)
