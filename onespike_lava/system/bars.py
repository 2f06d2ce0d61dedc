"""Progress bars for a person: text at a terminal, a widget in a notebook."""

from __future__ import annotations

import shutil
import sys
import threading
import warnings
from types import TracebackType
from typing import Any

WIDEST = 88
"""Columns of a bar at a terminal at most."""


def watched() -> bool:
    """Whether stderr is a terminal."""
    return sys.stderr is not None and sys.stderr.isatty()


def in_notebook() -> bool:
    """Whether this is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and "IPKernelApp" in shell.config


class Bars:
    """Progress bars of tqdm, one for each piece of work; give one as `progress`.

        net.run(x, progress=Bars())

    Nothing is shown where nobody watches: in a script whose stderr is a file or a pipe. As a
    context it leaves whole lines where work is cut off.
    """

    def __init__(self) -> None:
        self.name, self.shown = "", watched() or in_notebook()
        self.bar: Any = None

    def __call__(self, name: str, done: int, total: int) -> None:
        """Show that `done` of `total` steps of the work `name` are done."""
        if not self.shown or not total:
            return
        if self.bar is None or name != self.name:
            self.end()
            self.name = name
            self.bar = _tqdm()(total=total, desc=f"{name:12}", file=sys.stderr, **_size())
        self.bar.update(done - self.bar.n)
        if done >= total:
            self.end()

    def end(self) -> None:
        """End the bar that is shown, if any."""
        bar, self.bar = self.bar, None
        if bar is not None:
            bar.close()

    def __enter__(self) -> Bars:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()


def _size() -> dict[str, int]:
    """Columns and rows; of terminals that do not know theirs tqdm would show nothing."""
    if in_notebook():
        return {}
    known = shutil.get_terminal_size()
    return {"ncols": min(known.columns, WIDEST), "nrows": known.lines}


def _tqdm() -> Any:
    """The bar that fits: of a notebook without widgets it is text."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that widgets are not installed
        from tqdm.auto import tqdm

    class Bar(tqdm):  # type: ignore[misc]
        """Without a thread that watches, and a lock between processes: they outlive forks badly."""

        monitor_interval = 0

    Bar.set_lock(threading.RLock())
    return Bar
