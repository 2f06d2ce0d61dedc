"""Run the tutorials as notebooks and keep them, outputs and pictures included: `make notebooks`.

    python docs/notebooks.py [NAME ...]     all of them, or those whose names begin so

The scripts in `tutorials` are what is edited; a notebook here is one of them as it ran, a page of
the documents. Each runs in a kernel of its own and has two minutes. What a tutorial needs must be
there (torch, Lava, `ONESPIKE_DATA`): one that ends early is an error.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS, PAGES = ROOT / "tutorials", ROOT / "docs" / "tutorials"

LIMIT = 120
"""Seconds of a notebook."""


def cells(script):
    """A script as a notebook without outputs, the same bytes for the same script."""
    book = jupytext.read(script, fmt="py:percent")
    for number, cell in enumerate(book.cells):
        cell.id = f"cell-{number}"
        cell.metadata = {}
    book.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    note = f"\n\nRun it: `python tutorials/{script.name}`, or open it as a notebook with jupytext."
    title, _, rest = book.cells[0].source.partition("\n")
    book.cells[0].source = f"{title}{note}\n{rest}"
    book.nbformat, book.nbformat_minor = 4, 5
    return book


def execute(script):
    """The notebook of a script as it ran; what it wrote is gone."""
    book = cells(script)
    with tempfile.TemporaryDirectory(dir=ROOT, prefix=".notebook-") as folder:
        place = {"metadata": {"path": folder}}
        client = NotebookClient(book, timeout=LIMIT, resources=place)
        start = time.perf_counter()
        client.execute()
        seconds = time.perf_counter() - start
    if seconds > LIMIT:
        raise SystemExit(f"{script.name}: took {seconds:.0f} seconds; shorten it to {LIMIT}")
    for cell in book.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = [each for each in map(_kept, cell.outputs) if each]
    return book, seconds


def _kept(output):
    """An output without what differs from run to run and is no result; None for nothing left."""
    if output.output_type == "stream" and output.name == "stderr":
        return None
    if "data" in output:
        output.metadata = {}
        data = output.data
        if {"text/html", "image/png"} & set(data):
            data.pop("text/plain", None)
    return output


def main(names):
    """Make the pages."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    for script in sorted(SCRIPTS.glob("[0-9]*.py")):
        if names and not script.name.startswith(tuple(names)):
            continue
        book, seconds = execute(script)
        text = nbformat.writes(book)
        (PAGES / f"{script.stem}.ipynb").write_text(text + "\n", encoding="utf-8")
        print(f"{script.stem}: {seconds:.0f} s, {len(text) / 1024:.0f} KiB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
