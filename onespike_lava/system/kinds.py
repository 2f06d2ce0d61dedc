"""What a file is by its ending, for who gives it in another's place."""

from __future__ import annotations

import os
from pathlib import Path

_TORCH = "a file of torch.save"
_CHECKPOINT = (".pt", ".pth", ".ckpt", ".bin")

KINDS = {
    ".net": "a converted network",
    ".onnx": "an ONNX file, a source network",
    ".nir": "a NIR file",
    ".npz": "a file of arrays",
    ".npy": "a file of one array",
    ".safetensors": "a file of weights",
    ".py": "a Python file",
    **dict.fromkeys(_CHECKPOINT, _TORCH),
    ".pt2": "an exported program",
    **dict.fromkeys((".keras", ".tflite"), "a Keras or TensorFlow file"),
}
"""Ending -> what files of that ending are."""

_CONVERT = "make a .net file of it with onespike export"
_FACTORY = "give package.module:factory, whose weights go with --weights FILE"

WAYS = {
    "net": {
        ".onnx": _CONVERT,
        ".py": _CONVERT,
        ".nir": "make a .net file of it with onespike convert",
        **dict.fromkeys((".safetensors", *_CHECKPOINT), "onespike export makes a .net file of the "
           "network that it belongs to"),
        "": "give the .net file",
    },
    "model": {
        ".net": "give the network that it was made of",
        **dict.fromkeys((".safetensors", *_CHECKPOINT), _FACTORY),
        ".pt2": "opening it runs what it holds, so that only your own code may: name a function "
        "that returns torch.export.load(FILE), as FILE.py:NAME",
        ".py": "say what makes the model in it, as FILE.py:NAME",
        **dict.fromkeys((".keras", ".tflite"), "write it as an ONNX file with tf2onnx"),
        "": "give an ONNX file, or package.module:factory",
    },
    "data": {"": "give samples as an .npz file with x and y"},
    "weights": {
        ".onnx": "give it as MODEL; it holds its weights",
        "": "give a .safetensors file, or one of torch.save(model.state_dict(), FILE)",
    },
}  # fmt: skip
"""What a file should have been -> the way out for each ending, and for all others."""

OWN = {
    "net": (".net",),
    "model": (".onnx",),
    "data": (".npz", ".npy"),
    "weights": (".safetensors", *_CHECKPOINT),
}
"""Endings that are no mistake."""


def mistaken(path: str | os.PathLike[str], wanted: str) -> str | None:
    """`is an ONNX file; ...` of a path whose ending is of another kind than `wanted`, else None.

    wanted : a key of `WAYS`
    """
    ending = Path(path).suffix.lower()
    if ending not in KINDS or ending in OWN[wanted]:
        return None
    ways = WAYS[wanted]
    return f"is {KINDS[ending]}; {ways.get(ending, ways[''])}"
