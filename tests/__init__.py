"""Tests; `tests/base` and `tests/exporters` mirror the packages, other folders test all of it."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIGITS = ROOT / "netx_models" / "digits"
