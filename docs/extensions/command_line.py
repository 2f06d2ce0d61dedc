"""The directive `command-line`: the help of every command of `onespike`, as click prints it."""

import click
from docutils import nodes
from docutils.parsers.rst import Directive

from onespike_lava.cli import commands, group

WIDTH = 88


class CommandLine(Directive):
    """One section per command."""

    def run(self):
        """The sections."""
        return [self._section(name) for name in commands()]

    def _section(self, name):
        context = click.Context(group, info_name="onespike")
        command = group.get_command(context, name)
        inner = click.Context(
            command, info_name=name, parent=context, terminal_width=WIDTH, max_content_width=WIDTH
        )
        section = nodes.section(ids=[f"onespike-{name}"], names=[f"onespike-{name}"])
        text = command.get_help(inner)
        section += [
            nodes.title("", name),
            nodes.paragraph("", commands()[name][1]),
            nodes.literal_block(text, text, language="text"),
        ]
        return section


def setup(app):
    """Register the directive."""
    app.add_directive("command-line", CommandLine)
    return {"parallel_read_safe": True}
