"""How far sums and concatenations spread: a small file must fill neither memory nor hours."""

from __future__ import annotations

from dataclasses import dataclass

from exporters.graph import Node
from exporters.passes.draft import Draft
from onespike_lava.errors import UnsupportedError

SUMMANDS_MAX = 2**9
"""Most values that a sum may add or a concatenation join, those of what it reads among them."""

NODES_MAX = 2**12
"""Most maps that sums may be spread to."""

PIECES_MAX = 2**14
"""Most parts that concatenations may split their readers into: DenseNet-264 needs ten thousand."""

WEIGHTS_MAX = 2**25
"""Weights that composed and copied maps may have beyond `SHARE` times those of the source."""

SHARE = 64
"""A densely connected network composes the norm of each layer with all convolutions before it."""


@dataclass
class Room:
    """What may still be made of a draft: nodes, and weights in them.

    way : the way out of having none left
    """

    draft: Draft
    way: str
    most: int
    nodes: int
    weights: int

    @classmethod
    def of(cls, draft: Draft, way: str, nodes: int = NODES_MAX) -> Room:
        """So many nodes, and as many weights as those of the source allow."""
        stored = sum(each.size for node in draft.nodes.values() for each in node.params.values())
        return cls(draft, way, nodes, nodes, WEIGHTS_MAX + SHARE * stored)

    def check(self, node: Node, values: int) -> None:
        """Raise `UnsupportedError` for a sum or concatenation of too many values."""
        if values > SUMMANDS_MAX:
            raise UnsupportedError(
                f"{self.draft.title(node)}: joins {values} values, those of what it reads among "
                f"them, more than {SUMMANDS_MAX}; {self.way}"
            )

    def take(self, node: Node, weights: int, nodes: int = 1) -> None:
        """Room for nodes made for `node`; raises `UnsupportedError` where none is left."""
        self.nodes -= nodes
        self.weights -= weights
        if self.nodes < 0:
            raise UnsupportedError(
                f"{self.draft.title(node)}: what it reads spreads to more than {self.most} parts; "
                f"{self.way}"
            )
        if self.weights < 0:
            raise UnsupportedError(
                f"{self.draft.title(node)}: maps composed and copied up to it have more than "
                f"{WEIGHTS_MAX} weights beyond {SHARE} times those of the network; {self.way}"
            )
