"""Errors are one line, with a way out."""


def check_line(error):
    assert len(str(error).splitlines()) == 1
    assert "; " in str(error)
