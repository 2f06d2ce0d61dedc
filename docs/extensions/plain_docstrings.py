"""Docstrings of this project as reStructuredText: aligned `name : meaning` lines are a list."""

import re

ENTRY = re.compile(r"^([A-Za-z_*][\w*., /-]*?) +: (\S.*)$")
STAR = re.compile(r"(`[^`]*`|(?<!\w)\*\w+\*(?!\w))|\*")


def without_stray_stars(line):
    """The line with each `*` escaped that is neither in backticks nor around one word."""
    return STAR.sub(lambda found: found[1] or "\\*", line)


def as_definitions(lines):
    """The lines with every block of `name : meaning` entries as a definition list.

    A block begins after an empty line; an entry goes on in lines that are indented.
    """
    found, start = [], True
    inside = False
    for line in lines:
        entry = ENTRY.match(line)
        if entry and (start or inside):
            if not inside:
                found.append("")
            inside = True
            found += [f"``{entry[1].strip()}``", f"    {entry[2]}"]
        elif inside and line.startswith(" "):
            found.append(f"    {line.strip()}")
        else:
            if inside:
                found.append("")
            inside = False
            found.append(line)
        start = not line.strip()
    return found


def setup(app):
    """Rewrite docstrings as autodoc reads them."""
    app.connect("autodoc-process-docstring", _process)
    return {"parallel_read_safe": True}


def _process(app, what, name, obj, options, lines):
    lines[:] = as_definitions([without_stray_stars(line) for line in lines])
