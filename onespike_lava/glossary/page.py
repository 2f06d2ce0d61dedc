"""The glossary as a page: `python -m onespike_lava.glossary.page > docs/glossary.md`."""

from __future__ import annotations

import re

from onespike_lava.glossary.terms import LINK, TERMS, Term

HEAD = """# Glossary

What the words of these pages, of the help and of messages mean. In a terminal
`onespike explain WORD` prints one of them, and `onespike explain` lists them all.
"""


def page() -> str:
    """All terms as Markdown, a heading each."""
    return "\n".join([HEAD, *map(_section, TERMS)])


def _section(term: Term) -> str:
    text = re.sub(r"(?<!\w)'([^']+)'(?!\w)", r"`\1`", term.text)
    text = re.sub(r"(Q\*\*-k|2\*\*-F)", r"`\1`", text).replace(LINK, f"<{LINK}>")
    lines = [f"## {term.name}", "", text]
    if term.also:
        lines += ["", f"Also: {', '.join(f'`{each}`' for each in term.also)}."]
    if term.see:
        links = (f"[{each}](#{each.lower().replace(' ', '-')})" for each in term.see)
        lines += ["", f"See {', '.join(links)}."]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201
