"""Paths that commands take: Tab offers the files that fit."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

PLAIN = re.compile(r"[\w./+@%=,~-]*")
"""Names that no shell reads as anything else."""


class AsGiven(click.Path):
    """A path for Tab to complete; what is wrong with it the command says."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path as given."""
        return value

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The shell's own completion; a word that is no text is not told to it again."""
        return super().shell_complete(ctx, param, incomplete if incomplete.isprintable() else "")


class FileOf(AsGiven):
    """A path of a file with one of some endings, such as `.net`.

    Tab completes to such files and to folders. Where one has a name that a shell would need quoted,
    or folders alone fit, the shell completes by itself, which quotes it or goes on behind the `/`.
    """

    def __init__(self, *endings: str) -> None:
        super().__init__()
        self.endings = endings

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """What the shell may put in place of the part of a word that is typed."""
        if not incomplete.isprintable():
            return super().shell_complete(ctx, param, incomplete)
        folder, start = os.path.split(incomplete)
        try:
            found = sorted(Path(folder or ".").expanduser().iterdir())
        except (OSError, RuntimeError):  # the home of nobody
            return []
        hidden = start.startswith(".")
        fitting = [
            each
            for each in found
            if each.name.startswith(start) and (hidden or not each.name.startswith("."))
        ]
        folders = [each for each in fitting if os.path.isdir(each)]  # noqa: PTH112  never raises
        files = [each for each in fitting if each.suffix.lower() in self.endings]
        if not files:
            return [CompletionItem(incomplete, type="dir")] if folders else []
        names = [f"{each.name}/" for each in folders] + [each.name for each in files]
        words = [os.path.join(folder, name) for name in names]  # noqa: PTH118  keeps "./"
        if not all(PLAIN.fullmatch(word) for word in words):
            return [CompletionItem(incomplete, type="file")]
        return [CompletionItem(word) for word in words]


FOLDER = AsGiven(file_okay=False)
NET = FileOf(".net")
SAMPLES = FileOf(".npz", ".npy")
ONNX = FileOf(".onnx")
WEIGHTS = FileOf(".safetensors", ".pt", ".pth")
