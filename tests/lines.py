"""Errors are one line."""


def check_line(error):
    assert len(str(error).splitlines()) == 1
