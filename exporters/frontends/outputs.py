"""What stands behind the logits and is left out, and which of several outputs is the result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from exporters.frontends.refs import Ref
from onespike_lava.errors import UnsupportedError

TAILS = {
    "softmax": "softmax keeps the order of classes",
    "softmax2d": "softmax keeps the order of classes",
    "logsoftmax": "log_softmax keeps the order of classes",
    "sigmoid": "the scores are its logits",
    "argmax": "predictions are the argmax of the scores",
}
"""What may stand behind the logits, and why it can be left out; names as in `HINTS`."""

CLASSIFIES = (
    *("argmax", "zipmap", "labelencoder", "arrayfeatureextractor", "topk", "normalizer"),
    "concat",
)
"""What may follow and makes classes of values, whose order then is all that counts."""

CONSTANT = ("softmax", "softmax2d", "logsoftmax", "argmax")
"""What gives the same for every single logit."""


@dataclass(frozen=True)
class Tail:
    """What stands behind the logits, such as their softmax: only an output may be one.

    steps : what the source computes from the logits, as its front end has it
    two   : the source has one logit, of which two scores were made
    squashed : the sigmoid whose values are the result; empty where classes are, or no sigmoid
    turned   : whether larger logits give smaller values, as in `1 - p`
    """

    logits: Ref
    steps: tuple[Any, ...] = ()
    two: bool = False
    squashed: str = ""
    turned: bool = False


def choose_output(outputs: Mapping[str, Any], chosen: str | None) -> str:
    """Name of the output that the network's result is.

    outputs : name -> `Ref`, `Tail`, or something else
    chosen  : the caller's choice, None where there is none to make

    Outputs that all stand for the same logits need no choice. Raises `UnsupportedError`.
    """
    if not outputs:
        raise UnsupportedError("output: there is none; export the network with one")
    names = ", ".join(outputs)
    if chosen is not None and chosen not in outputs:
        raise UnsupportedError(f"output: {chosen!r} is not one of {names}; choose one of them")
    unknown = [name for name, each in outputs.items() if not isinstance(each, (Ref, Tail))]
    if chosen is not None or unknown:
        return chosen or unknown[0]
    logits = {each.logits if isinstance(each, Tail) else each for each in outputs.values()}
    if len(logits) > 1:
        raise UnsupportedError(
            f"output: {len(outputs)} of them ({names}); only one is supported, choose it with "
            f"output={next(iter(outputs))!r}, on the command line --model-output"
        )
    plain_ones = [name for name, each in outputs.items() if isinstance(each, Ref)]
    return next(iter(plain_ones or outputs))
