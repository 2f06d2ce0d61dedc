"""What the words of this library mean: for help texts, messages, reports and pages.

`explained` finds a term by any of its names; `onespike explain WORD` prints it. `mentioned` lists
the terms that a text uses.

terms : the terms, and the paper
page  : all of them as a page of the documents
"""

import re

from onespike_lava.errors import OptionError
from onespike_lava.glossary.terms import LINK, PAPER, TERMS, Term
from onespike_lava.system.names import meant

__all__ = ["LINK", "PAPER", "TERMS", "Term", "explained", "mentioned"]


def explained(word: str) -> Term:
    """The term of this name or symbol, large or small letters alike.

    Raises `OptionError` for a word that is none.
    """
    wanted = " ".join(word.split())
    exact = {name: term for term in TERMS for name in (*term.also, term.name)}
    if wanted in exact:
        return exact[wanted]
    loose = {_plain(name): term for name, term in exact.items()}
    if found := loose.get(_plain(wanted)):
        return found
    way = meant(_plain(wanted), sorted(loose)) or "; onespike explain lists the words there are"
    raise OptionError(f"explain: {word!r} is no word of the glossary{way}")


def mentioned(text: str) -> list[Term]:
    """The terms whose names stand in a text as words, one or several of them, in their order."""
    flat = " ".join(re.sub(r"(?<=\w)-\s+", "-", text).split())
    return [
        term for term in TERMS if re.search(rf"\b{re.escape(term.name)}s?\b", flat, re.IGNORECASE)
    ]


def _plain(name: str) -> str:
    return name.lower().strip("-").replace("_", " ").replace("-", " ")
