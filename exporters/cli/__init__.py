"""Commands of `onespike` that read source networks; `model` says how they name one.

`recipe` makes options of those of a conversion, `dry_run` says what one would do.
"""

COMMANDS = {
    "export": ("exporters.cli.export", "Convert a trained ReLU network to a .net file.", 10),
    "verify": ("exporters.cli.verify", "Find the first place where two engines differ.", 40),
    "report": (
        "exporters.cli.report",
        "All of this, and where accuracy goes, as one HTML page.",
        70,
    ),
    "tune": ("exporters.cli.tune", "Choose T, Q, T_w and other options by measuring them.", 80),
    "finetune": (
        "exporters.cli.finetune",
        "Train a one-spike network on: few phases, few bits, few synapses.",
        85,
    ),
    "convert": ("exporters.cli.convert", "A .net file as NIR for other tools, and back.", 90),
    "operators": ("exporters.cli.operators", "What of torch and ONNX is supported.", 100),
}
"""Command -> module, line and place, for the entry point `onespike_lava.commands`."""
