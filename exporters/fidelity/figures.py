"""What the checks of a conversion share: their figures in the file, their warning, as values."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from onespike_lava.errors import warn
from onespike_lava.network import Network


@dataclass(frozen=True, repr=False)
class Figures:
    """Figures of a check; `str` gives them in words, `warning` says what is poor."""

    def __repr__(self) -> str:
        """One line: the figures in words."""
        return f"{type(self).__name__}({self})"

    @property
    def warning(self) -> str | None:
        """What is poor, None of a sound conversion."""
        return None

    def noted(self, network: Network) -> Network:
        """The network with these figures in its provenance."""
        provenance = {**dict(network.provenance), "self_check": str(self)}
        return replace(network, provenance=tuple(sorted(provenance.items())))

    def warn(self) -> None:
        """Warn where the conversion is poor; called by what a user calls."""
        if self.warning is not None:
            warn(self.warning)

    def summary(self) -> dict[str, Any]:
        """The figures as JSON-ready values."""
        return asdict(self)
