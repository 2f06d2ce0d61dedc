"""The version of the library, one place."""

__version__ = "0.2.0"
