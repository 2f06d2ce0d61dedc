"""Pages of `docs/tutorials`: each is the percent script of the same name, cell by cell."""

from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "tutorials"


def as_markdown(script):
    """Cells of a percent script as Markdown: text as it is, code fenced."""
    pages = []
    for cell in script.split("# %%")[1:]:
        head, _, body = cell.partition("\n")
        if "[markdown]" in head:
            pages.append("\n".join(line[2:] for line in body.splitlines()))
        else:
            pages.append(f"```python\n{body.strip()}\n```")
    return "\n\n".join(pages)


def setup(app):
    """Fill the pages as they are read."""
    app.connect("source-read", _fill)
    return {"parallel_read_safe": True}


def _fill(app, page, source):
    folder, _, name = page.rpartition("/")
    script = SCRIPTS / f"{name}.py"
    if folder == "tutorials" and script.is_file():
        note = f"\n\nRun it: `python tutorials/{script.name}`\n"
        title, _, rest = as_markdown(script.read_text()).partition("\n")
        source[0] = title + note + rest
