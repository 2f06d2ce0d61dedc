"""Stock lava-dl walks our files and reads the same integers (the real lava-dl, Python 3.10)."""

import numpy as np
import pytest

from onespike_lava import save
from onespike_lava.netx.tree import to_tree
from tests.networks import random_network
from tests.pruned import pruned

netx = pytest.importorskip("lava.lib.dl.netx.utils", reason="lava-dl needs Python 3.10")

STOCK = ("shape", "stride", "padding", "dilation", "groups", "weight", "bias")
"""Keys that lava-dl itself reads as arrays."""


@pytest.mark.lava
@pytest.mark.parametrize("weighting", ["graded", "membrane"])
@pytest.mark.parametrize("seed", [1, 4])
@pytest.mark.parametrize("form", [lambda network: network, pruned], ids=["whole", "pruned"])
def test_netdict_reads_the_same_integers(tmp_path, form, seed, weighting):
    network = form(random_network(seed, weighting))
    save(network, tmp_path / "a.net")
    net, tree = netx.NetDict(str(tmp_path / "a.net")), to_tree(network)
    assert len(net["layer"]) == len(network.layers)
    for path, expected in tree.items():
        at, found = path.split("/"), net
        for name in at[:-1]:
            found = found[int(name) if name.isdigit() else name]
        assert at[-1] in found.keys()  # noqa: SIM118  a NetDict is no dict
        value = found[at[-1]]
        if at[-1] == "type":
            assert value == expected[0].decode()
        elif at[-1] in STOCK:
            assert (value == expected).all(), path
        else:  # what lava-dl has no name for, it hands out unread
            assert (np.asarray(value.f) == expected).all(), path


@pytest.mark.lava
@pytest.mark.parametrize("form", [lambda network: network, pruned], ids=["whole", "pruned"])
def test_stock_loader_refuses_our_neurons(tmp_path, form):
    """Nothing is run wrongly in silence: lava-dl's own Network does not know the neuron type."""
    from lava.lib.dl.netx.hdf5 import Network

    save(form(random_network(1)), tmp_path / "a.net")
    with pytest.raises(AttributeError, match="'NoneType' object has no attribute 'pop'"):
        Network(net_config=str(tmp_path / "a.net"))
