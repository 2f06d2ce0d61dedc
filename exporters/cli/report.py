"""`onespike report`."""

from __future__ import annotations

from pathlib import Path

import click

from exporters.choices import TAKEN_APART
from exporters.cli.model import MODEL_OUTPUT, SOURCE, WEIGHTS, keep_inputs, load_model
from onespike_lava.cli import options, paths
from onespike_lava.cli.progress import Bars, say
from onespike_lava.errors import OptionError


@click.command(
    cls=options.Command,
    epilog="Example: onespike report digits.net --data test.npz --model digits.onnx "
    "--calibration calibration.npz -o report.html --figures figures",
)
@options.NET
@options.DATA
@options.option(
    "-o",
    "--output",
    required=True,
    type=paths.FileOf(".html"),
    metavar="REPORT.html",
    help="The page to write.",
)
@options.option(
    "--figures",
    type=paths.FOLDER,
    metavar="FOLDER",
    help="Write the figures to this folder, too, as SVG and PNG.",
    group=options.OUTPUT,
)
@options.option(
    "--model",
    type=paths.ONNX,
    metavar="MODEL",
    help="The source network, to compare with: an ONNX file or a factory.",
    group=SOURCE,
)
@WEIGHTS
@MODEL_OUTPUT
@options.option(
    "--calibration",
    type=paths.SAMPLES,
    metavar="X.npz",
    help="The samples that NET.net was made with. Adds the accuracy in real arithmetic.",
    group=SOURCE,
)
@options.option(
    "--taken-apart",
    type=click.IntRange(min=1),
    default=TAKEN_APART,
    show_default=True,
    metavar="N",
    help="Samples, from the first on, that show in which layer accuracy is lost.",
    group=SOURCE,
)
@options.engine()
@options.WAIT
@options.LIMIT
@options.JSON
def command(
    net: str,
    data: str,
    output: str,
    figures: str | None,
    model: str | None,
    weights: str | None,
    model_output: str | None,
    calibration: str | None,
    taken_apart: int,
    engine: str,
    wait: int | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """Write a report of NET.net on labelled samples, as one HTML page.

    The page begins with a verdict. It shows accuracy, the samples that were put in another class,
    spikes, energy, the limits of Loihi 2 and provenance; for a network that steps also firing
    rates and accuracy over the steps. With --model it compares NET.net with its source network,
    layer by layer. With --calibration it converts the source again and adds the accuracy of the
    one-spike network in real arithmetic.
    """
    say(f"reading {net}")
    from exporters.analysis.layer_errors import compare
    from onespike_lava.data.samples import load_samples
    from onespike_lava.netx import load
    from onespike_lava.report import gather, page, save_figures
    from onespike_lava.report.drawing import style
    from onespike_lava.system.files import write_atomic

    named = {"network": net, "data": data, "weights": weights, "calibration": calibration}
    keep_inputs({"output": (output, ".html")}, model, **named)
    if model is None and (calibration or weights or model_output):
        raise OptionError("model: missing; weights, output and calibration belong to --model MODEL")
    with style():  # a missing part is told before the work
        network = load(net)
        samples = options.samples(data, network, limit, labels=None if model is None else True)
    with Bars() as bars:
        comparison = None
        if model is not None and samples.y is not None:
            comparison = compare(
                *(network, load_model(model, weights), samples.x, samples.y),
                mask=samples.mask,
                calibration=load_samples(calibration, labels=False).x if calibration else None,
                output=model_output,
                wait=wait,
                samples=taken_apart,
                progress=bars,
            )
        found = gather(
            *(network, samples.x, samples.y),
            mask=samples.mask,
            engine=engine,
            wait=wait,
            comparison=comparison,
            title=Path(net).name,
            progress=bars,
        )
    say(f"writing {output}")
    write_atomic(output, page(found).encode(errors="backslashreplace"))
    if figures is not None:
        save_figures(found, figures)
    if as_json:
        options.print_json(found.summary())
    else:
        judged = found.evaluation
        outcome = "no labels"
        if judged.squared_error is not None:
            outcome = f"mean squared error {judged.squared_error:.6g}, R2 {judged.r2:.4f}"
        elif judged.labelled:
            outcome = f"accuracy {100 * judged.accuracy:.2f} %"
        options.echo(f"{output}: {outcome}")
