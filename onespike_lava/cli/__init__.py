"""The command line `onespike`: commands are loaded when they are called.

entry      : the group of all commands, and how a call ends
ends       : signals that end it
options    : options that commands share
paths      : files that are named on the command line
progress   : bars and notes on stderr
evaluate, run, inspect, check, explain, completion : the commands

Results go to stdout, warnings to stderr; exit 0 good, 1 a check failed, 2 bad input or a
part not installed, with one line that says what, where, and what to do; 130 after Ctrl-C and 143
after SIGTERM.
"""

from onespike_lava.cli.entry import COMMANDS, commands, group, main

__all__ = ["COMMANDS", "commands", "group", "main"]
