"""`onespike completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from onespike_lava.cli import options

SHELLS = ("bash", "zsh", "fish")

VARIABLE = "_ONESPIKE_COMPLETE"
"""With it in the environment `onespike` answers a shell that completes a word."""


@click.command(cls=options.Command, epilog='Example: eval "$(onespike completion bash)"')
@options.argument(
    "shell", type=click.Choice(SHELLS), metavar="bash|zsh|fish", line="The shell that you use."
)
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the code that lets a shell complete commands, options, their values and files.

    Add the line of your shell to its start file:

    \b
    bash  eval "$(onespike completion bash)"   in ~/.bashrc
    zsh   eval "$(onespike completion zsh)"    in ~/.zshrc, after compinit
    fish  onespike completion fish | source    in ~/.config/fish/config.fish
    """  # noqa: D301  click reads the \b
    made = get_completion_class(shell)
    assert made is not None
    group = context.find_root().command
    click.echo(made(group, {}, "onespike", VARIABLE).source())
