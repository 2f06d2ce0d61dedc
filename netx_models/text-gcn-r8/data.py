"""Text GCN's graph of the R8 documents: `python data.py FOLDER` writes `r8.npz`.

Nodes are the 7,674 documents in the order of the files, then the words in alphabetical order
(Yao et al. 2019, Sec. 3.2). Needs scipy and the folder `text_gcn_r8`, found through the
environment variable `ONESPIKE_DATA` or at `shared/data` beside the repository.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

WINDOW = 20
"""Words of a sliding window."""

Documents = list[list[str]]


@dataclass(frozen=True)
class R8:
    """The benchmark as a graph.

    adjacency : float32 CSR [nodes, nodes], `D^-1/2 (A + I) D^-1/2`
    labels    : int64[nodes], class of each document, -1 for words
    train     : bool[nodes], the 5,485 documents that a training may see the classes of
    test      : bool[nodes], the 2,189 documents that only judge
    classes   : names, in alphabetical order
    """

    adjacency: sp.csr_matrix
    labels: NDArray[np.int64]
    train: NDArray[np.bool_]
    test: NDArray[np.bool_]
    classes: list[str]


def folder() -> Path:
    """Where the documents are; exits with a line that says so where they are not."""
    default = Path(__file__).resolve().parents[3] / "shared" / "data"
    found = Path(os.environ.get("ONESPIKE_DATA", default)) / "text_gcn_r8"
    if not (found / "R8.clean.txt").is_file():
        sys.exit(f"{found.name}: no R8 documents; set ONESPIKE_DATA to their folder's parent")
    return found


def load() -> R8:
    """Read the documents and build their graph, in some 20 seconds."""
    lines = [line.split("\t") for line in (folder() / "R8.txt").read_text().splitlines() if line]
    text = (folder() / "R8.clean.txt").read_text().splitlines()[: len(lines)]
    documents = [line.split() for line in text]
    classes = sorted({label for _, _, label in lines})
    words = len({word for document in documents for word in document})
    labels = np.full(len(lines) + words, -1, np.int64)
    labels[: len(lines)] = [classes.index(label) for _, _, label in lines]
    train = np.zeros(len(labels), bool)
    train[: len(lines)] = [part == "train" for _, part, _ in lines]
    return R8(normalised(edges(documents)), labels, train, (labels >= 0) & ~train, classes)


def edges(documents: Documents) -> sp.csr_matrix:
    """Weights float64 CSR [nodes, nodes]: TF-IDF to words, positive PMI among them."""
    vocabulary = sorted({word for document in documents for word in document})
    number = {word: place for place, word in enumerate(vocabulary)}
    numbers = [np.array([number[word] for word in document]) for document in documents]
    own = tf_idf(numbers, len(vocabulary))
    among = positive_pmi(numbers, len(vocabulary))
    return sp.bmat([[None, own], [own.T, among]], format="csr")


def tf_idf(documents: list[NDArray[np.int64]], words: int) -> sp.csr_matrix:
    """Weights float64 CSR [documents, words]: occurrences times log inverse document share."""
    sizes = [len(document) for document in documents]
    rows = np.repeat(np.arange(len(documents)), sizes)
    counts = sp.csr_matrix(
        (np.ones(len(rows)), (rows, np.concatenate(documents))), (len(documents), words)
    )
    shared = np.bincount(counts.indices, minlength=words)
    return (counts @ sp.diags(np.log(len(documents) / shared))).tocsr()


def positive_pmi(documents: list[NDArray[np.int64]], words: int) -> sp.csr_matrix:
    """Weights float64 CSR [words, words]: positive mutual information over sliding windows."""
    windows = np.concatenate([list(_windows(document)) for document in documents])
    rows = np.repeat(np.arange(len(windows)), WINDOW)
    inside = windows.reshape(-1) >= 0
    held = sp.csr_matrix(
        (np.ones(int(inside.sum())), (rows[inside], windows.reshape(-1)[inside])),
        (len(windows), words),
    )
    held.data[:] = 1  # whether a window holds a word, not how often
    single = held.sum(0).A1
    pairs = (held.T @ held).tocoo()
    pmi = np.log(pairs.data * len(windows) / (single[pairs.row] * single[pairs.col]))
    kept = (pmi > 0) & (pairs.row != pairs.col)
    return sp.csr_matrix((pmi[kept], (pairs.row[kept], pairs.col[kept])), (words, words))


def _windows(document: NDArray[np.int64]) -> NDArray[np.int64]:
    """Windows int64[windows, WINDOW] of a document, -1 behind the end of a short one."""
    if len(document) <= WINDOW:
        return np.pad(document, (0, WINDOW - len(document)), constant_values=-1)[None]
    return np.lib.stride_tricks.sliding_window_view(document, WINDOW)


def normalised(weights: sp.csr_matrix) -> sp.csr_matrix:
    """`D^-1/2 (A + I) D^-1/2` (Kipf and Welling 2017, Eq. 2), float32 CSR."""
    whole = weights + sp.identity(weights.shape[0], format="csr")
    scale = sp.diags(1 / np.sqrt(whole.sum(1).A1))
    result = (scale @ whole @ scale).tocsr().astype(np.float32)
    result.sort_indices()
    return result


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    target.mkdir(parents=True, exist_ok=True)
    graph = load()
    a = graph.adjacency
    np.savez(
        target / "r8.npz",
        data=a.data, indices=a.indices, indptr=a.indptr, y=graph.labels, train=graph.train,
        mask=graph.test, classes=graph.classes,
    )  # fmt: skip
    print(f"{a.shape[0]} nodes, {a.nnz} nonzeros, {len(graph.classes)} classes")
