"""What is trained: the code of the input, the layers and their rules, the readout."""

from __future__ import annotations

from dataclasses import dataclass, replace

from onespike_lava.learning.latency import CONTRAST, Contrast
from onespike_lava.learning.rule import Rule
from onespike_lava.learning.stack import Stage


@dataclass(frozen=True)
class Recipe:
    """What is trained.

    contrast : how an image becomes spikes
    stages   : the layers that learn, lowest first
    strength : penalty of the readout, `learning.network.fit`
    """

    contrast: Contrast
    stages: tuple[Stage, ...]
    strength: float = 0.1

    def changed(self, **values: object) -> Recipe:
        """The same with values of the rule of every stage replaced, such as `prune=0`."""
        stages = [replace(each, rule=replace(each.rule, **values)) for each in self.stages]  # type: ignore[arg-type]
        return replace(self, stages=tuple(stages))


RECIPE = Recipe(
    CONTRAST,
    (
        Stage(32, 5, 2, 2, Rule(threshold=10 * 127 + 1, winners=5, radius=2, prune=89)),
        Stage(64, 5, 0, 2, Rule(threshold=20 * 127 + 1, winners=8, radius=1, prune=89)),
    ),
)
"""For digits of 28 x 28 pixels: two convolutions of 5 x 5, each with a pool of 2 x 2."""
