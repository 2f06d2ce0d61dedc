"""Grids that are searched in no time."""

from exporters.tuning.outcome import Point

QUICK = {"correct": "none", "rounding": "nearest", "normalisation": "max"}
GRID = {**QUICK, "phases": (4, 6), "base": (1.3, 1.5), "wait": ("0.5T", "T")}


def point(loss, latency, ratio):
    return Point(
        key=f"{loss} {latency} {ratio}",
        **{"options": {}, "phases": 8, "wait": 8, "base": 1.3, "accuracy": 90.0, "loss": loss},
        **{"latency": latency, "energy": {"fp32": ratio}, "spikes_per_neuron": 0.4, "synops": 1.0},
        net="n",
    )
