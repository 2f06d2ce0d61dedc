"""The glossary, the page of it, and the places that refer to it."""

import ast
import json
import re

import click
import pytest

from onespike_lava.cli import commands, group, main
from onespike_lava.errors import OptionError
from onespike_lava.glossary import PAPER, TERMS, explained, mentioned
from onespike_lava.glossary.page import page
from tests import ROOT

SOURCES = [path for name in ("onespike_lava", "exporters") for path in (ROOT / name).rglob("*.py")]
REFERENCE = re.compile(r"onespike explain ((?!lists|says|WORD)[A-Za-z_]+(?: (?:models|shift))?)")


def called(*words):
    with pytest.raises(SystemExit) as stop:
        main(list(words))
    return stop.value.code or 0


def test_terms_are_in_order_and_every_name_finds_its_own():
    names = [term.name for term in TERMS]
    assert names == sorted(names, key=str.lower)
    every = [name.lower() for term in TERMS for name in (term.name, *term.also)]
    assert len(set(every)) >= len(every) - 3  # T and t, F and f are two
    for term in TERMS:
        assert all(explained(name) is term for name in (term.name, *term.also)), term.name
        assert set(term.see) <= set(names) - {term.name}
        assert term.text.endswith((".", "it.")), term.name


def test_letters_spaces_and_dashes_do_not_matter():
    assert explained("Threshold-Shift").name == explained("threshold  shift").name
    assert explained("t_w").name == explained("T_w").name == "wait"


def test_a_word_that_is_none_is_refused():
    with pytest.raises(OptionError, match=r"'fase' is no word of the glossary; did you mean base"):
        explained("fase")
    with pytest.raises(OptionError, match=r"glossary; onespike explain lists the words there are"):
        explained("zzzzz")


def test_terms_that_a_text_uses():
    assert [term.name for term in mentioned("Bases and a Threshold\n    shift")] == [
        "base",
        "threshold",
        "threshold shift",
    ]
    assert [term.name for term in mentioned("a one-\n  spike network")] == ["one-spike"]
    assert mentioned("database of rewaited phrases") == []
    assert "paper" in [term.name for term in mentioned("as in the\n  paper")]


def test_the_page_is_the_glossary():
    """`python -m onespike_lava.glossary.page > docs/glossary.md` writes it."""
    assert (ROOT / "docs" / "glossary.md").read_text() == page()


def test_command(capsys):
    assert called("explain", "threshold", "shift") == 0
    said = capsys.readouterr().out
    assert said.startswith("threshold shift (shift, --no-shift)\n  Thresholds halfway between")
    assert "\n  See also: threshold, level, paper\n" in said
    assert max(map(len, said.splitlines())) <= 88
    assert called("explain") == 0
    listed = capsys.readouterr().out
    assert all(f"\n{term.name} " in f"\n{listed}".replace("\n", " \n") for term in TERMS)
    assert called("explain", "T_w", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["name"], found["also"]) == ("wait", ["T_w"])
    assert called("explain", "--json") == 0
    assert [each["name"] for each in json.loads(capsys.readouterr().out)] == [t.name for t in TERMS]
    for term in (each for each in TERMS if "the paper" in each.text and each.name != "paper"):
        assert called("explain", term.name) == 0
        assert f"The paper is {PAPER}." in " ".join(capsys.readouterr().out.split()), term.name
    assert called("explain", "base") == 0
    assert f"The paper is {PAPER}." in " ".join(capsys.readouterr().out.split())
    assert called("explain", "fase") == 2
    assert capsys.readouterr().err.startswith("onespike: explain: 'fase' is no word")


def test_whoever_refers_to_a_word_finds_it():
    texts = [path.read_text() for path in SOURCES]
    texts += [path.read_text() for path in (ROOT / "docs").rglob("*.md")]
    found = {word for text in texts for word in REFERENCE.findall(" ".join(text.split()))}
    assert len(found) >= 3
    for word in found:
        assert explained(word), word


def strings(path):
    """Texts of a module that are no docstrings."""
    tree = ast.parse(path.read_text())
    inner = (ast.Module, ast.ClassDef, ast.FunctionDef)
    bare = {
        id(each.value)
        for node in ast.walk(tree)
        if isinstance(node, inner)
        for each in node.body
        if isinstance(each, ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare:
            yield node.value


def test_no_message_names_a_page_that_an_installed_package_lacks():
    for path in SOURCES:
        for text in strings(path):
            named = re.sub(r"docs/loihi2\.md of github\.com/\S+", "", text)
            assert not re.search(r"\bdocs/|README|CONTRIBUTING", named), (path, text)


@pytest.mark.parametrize("name", commands())
def test_help_has_groups_sentences_and_an_example(name):
    context = click.Context(group, info_name="onespike")
    command = group.get_command(context, name)
    inner = click.Context(command, info_name=name, parent=context, terminal_width=80)
    text = command.get_help(inner)
    assert "\n  Example: onespike" in text.replace('eval "$(', "")
    assert "\nOptions:" not in text
    for param in command.params:
        if isinstance(param, click.Option):
            assert param.help
            assert re.search(r"[.\]]$", param.help.strip()), param.name
            assert not param.required or "[required]" in text
    assert command.help.strip()[0].isupper()
    text = re.sub(r"-\n *", "-", text)
    text = " ".join(text.split())
    words = re.search(r"`onespike explain WORD` says what a word means: (.*?)\. ", text)
    own = text.split("`onespike explain WORD`")[0]
    used = [term.name for term in TERMS if re.search(rf"(?i)\b{term.name}s?\b", own)]
    assert used == (words[1].split(", ") if words else [])
    if re.search(r"\b(the paper|Eqs?\. \d|Secs?\. [IVX]|Tables? [IVX])", text):
        assert f"The paper is {PAPER}." in text
