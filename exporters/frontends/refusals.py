"""What refusals say: ways out by operator, in few words, without names of this package."""

from __future__ import annotations

import re
from collections.abc import Iterable

_ACTIVATIONS = (
    *(
        "elu",
        "selu",
        "celu",
        "gelu",
        "silu",
        "swish",
        "hardswish",
        "mish",
        "softsign",
        "logsigmoid",
    ),
    *("tanh", "softplus", "tanhshrink"),
)
_NORMS = (
    *("layernorm", "layernormalization", "groupnorm", "groupnormalization", "instancenorm2d"),
    *("instancenormalization", "localresponsenorm", "lrn"),
)
_QUANTISED = (
    *("quantizelinear", "dequantizelinear", "dynamicquantizelinear", "convinteger"),
    *("matmulinteger", "qlinearconv", "qlinearmatmul", "qlinearadd", "qgemm"),
)

HINTS = {
    **dict.fromkeys(_ACTIVATIONS, "use ReLU and train again: it bends, ReLUs do not"),
    **dict.fromkeys(("conv3d", "maxpool3d", "avgpool3d"), "use its 2-D form"),
    **dict.fromkeys(_NORMS, "use batch norm"),
    **dict.fromkeys(
        ("reflectionpad1d", "reflectionpad2d", "replicationpad2d", "circularpad2d"),
        "use ZeroPad2d and train again",
    ),
    **dict.fromkeys(("lstm", "gru", "rnn"), "only feed-forward networks are supported"),
    **dict.fromkeys(("einsum", "bmm", "multiheadattention"), "use Linear or Conv2d layers"),
    **dict.fromkeys(_QUANTISED, "give the float model, from before it was quantised"),
}
"""Ways out, by operator name in small letters without underscores; what they name is supported."""

REASON = 200
"""Most characters of a reason."""

TEXT = 120
"""Most characters of another library's error in it."""

_CLASSES = "Ref|Tail|Batch|Unknown|Chain|Given"
OURS = re.compile(rf"'({_CLASSES})'|(?:<class ')?exporters\.[\w.]+\.({_CLASSES})(?:'>)?")
"""Names of this package in an error of Python or a library."""

WORDS = {"Tail": "a softmax", "Batch": "the batch size", "Given": "the adjacency"}


def hint(operator: str) -> str:
    """The way out for an operator that is not supported, of whatever domain."""
    return HINTS.get(plain(operator).rpartition(".")[2], "rewrite it with supported operators")


def listed_problems(problems: Iterable[tuple[str, str, str]]) -> str:
    """All refused nodes on one line, those of one operator and reason together.

    problems : name, operator and reason of each
    """
    names: dict[tuple[str, str], list[str]] = {}
    for name, *found in problems:
        names.setdefault((found[0], found[1]), []).append(name)
    lines = [problem(", ".join(each), kind, why) for (kind, why), each in names.items()]
    return f"{'; '.join(lines)}; `onespike operators` lists what is supported"


def problem(name: str, operator: str, reason: str) -> str:
    """A refused node on one line."""
    return f"{name} ({operator}): {reason}"


def shortened(reason: str) -> str:
    """A reason of at most `REASON` characters; the way out behind the last `; ` stays."""
    if len(reason) <= REASON:
        return reason
    found, mark, way = reason.rpartition("; ")
    if not mark or len(way) > REASON // 2:
        found, mark, way = reason, "", ""
    room = REASON - len(mark) - len(way) - 3
    return f"{found[:room]}...{mark}{way}"


def line(error: Exception) -> str:
    """The first line of an error's text, in words that say something to a user."""
    text = next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")
    told = OURS.sub(lambda found: WORDS.get(found[1] or found[2], "a value of the network"), text)
    return told if len(told) <= TEXT else f"{told[: TEXT - 3]}..."


def plain(operator: str) -> str:
    """An operator's name in small letters without underscores and spaces."""
    return operator.lower().replace("_", "").replace(" ", "")
