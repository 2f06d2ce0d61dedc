"""The default model on its real data; skipped where a part is not installed."""

import importlib.util
import sys

import pytest

from onespike_lava import load
from tests import DIGITS


def module(name):
    """A script of the model's folder."""
    spec = importlib.util.spec_from_file_location(name, DIGITS / f"{name}.py")
    found = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(name, found)
    spec.loader.exec_module(found)
    return found


@pytest.fixture(scope="session")
def split():
    pytest.importorskip("sklearn", reason="scikit-learn holds the digits")
    return module("data").split()


@pytest.fixture(scope="session")
def network():
    return load(DIGITS / "digits.net")


@pytest.fixture(scope="session")
def conversions(split):
    """One conversion per weighting, of the shipped ONNX file."""
    pytest.importorskip("onnx", reason="onnx reads the model")
    from exporters import convert

    calibration = split[0][: module("data").CALIBRATION]
    return {
        weighting: convert(DIGITS / "digits.onnx", calibration, weighting=weighting)
        for weighting in ("graded", "membrane")
    }
