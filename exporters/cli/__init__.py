"""Commands of `onespike` that read source networks; `model` says how they name one.

`recipe` makes options of those of a conversion, `dry_run` says what one would do.
"""

COMMANDS = {
    "export": ("exporters.cli.export", "Convert a trained network to a .net file.", 10),
    "verify": ("exporters.cli.verify", "Compare an engine with the reference, spike by spike.", 40),
    "report": (
        "exporters.cli.report",
        "Write a report as one HTML page.",
        70,
    ),
    "tune": ("exporters.cli.tune", "Measure many conversions, and choose.", 80),
    "finetune": (
        "exporters.cli.finetune",
        "Train a converted network further, for few phases, bits or synapses.",
        85,
    ),
    "convert": ("exporters.cli.convert", "Write a .net file as NIR or for lava-dl, and back.", 90),
    "operators": ("exporters.cli.operators", "List what of torch and ONNX is supported.", 100),
}
"""Command -> module, line and place, for the entry point `onespike_lava.commands`."""
