"""What a dry run says of an export is what the export then takes, about."""

import json
import subprocess
import sys

import pytest

from tests import ROOT

FACTOR = 3
"""A busy machine takes twice its own time, another processor has other rates; memory is told with
that of torch, which is not here."""

EXPORT = """
import json, resource, time
import numpy as np
from exporters import convert
from exporters.analysis.estimate import START, estimate
from exporters.graph import Graph, Node
from exporters.passes.pipeline import prepare
from exporters.recipe import Recipe

random = np.random.default_rng(0)
nodes = [Node("x", "input", attrs={"shape": (3, 32, 32)})]
channels = 3
for index in range(6):
    weight = random.normal(size=(48, channels, 3, 3)) / np.sqrt(channels * 4.5)
    attrs = {"padding": (1, 1, 1, 1)}
    nodes.append(Node(f"c{index}", "conv", (nodes[-1].name,), {"weight": weight}, attrs))
    nodes.append(Node(f"r{index}", "relu", (nodes[-1].name,)))
    channels = 48
nodes.append(Node("f", "flatten", (nodes[-1].name,)))
weight = random.normal(size=(10, 48 * 1024)) / 200
nodes.append(Node("y", "linear", ("f",), {"weight": weight}))
source, x = Graph(tuple(nodes), "y"), random.normal(size=(200, 3, 32, 32)).astype(np.float32)
told = estimate(source, prepare(source, "merge")[0], len(x), Recipe())
start = time.process_time()
network = convert(source, x).network
took = time.process_time() - start
peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([told.seconds - START, took, told.memory, peak, told.weights, network.weights]))
"""


@pytest.mark.alone
def test_an_export_takes_what_was_told():
    words = [sys.executable, "-W", "ignore", "-c", EXPORT]
    ended = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    seconds, took, memory, peak, told, weights = json.loads(ended.stdout)
    assert told == weights
    assert 1 / FACTOR < seconds / took < FACTOR
    assert 1 / FACTOR < memory / peak < FACTOR
