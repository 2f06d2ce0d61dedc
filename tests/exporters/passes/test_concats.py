"""Concatenations, pads and slices become maps."""

from tests.chains import Chain, prepared


def test_concatenations_become_sums_over_parts():
    chain = Chain().conv("a", "x", outputs=2).relu("r").conv("b", "x", outputs=3)
    chain.add("concat", "cat", "r", "b").add("concat", "more", "cat", "r").norm("bn")
    nodes, account = prepared(chain.relu("s").pool("pool").conv("c").relu("t").linear())
    assert {"c.0 (conv)", "c.1 (conv)", "c.2 (conv)", "c (add)"} <= set(nodes)
    assert account["cat"] == "folded into more (split by input)"
    assert account["bn"] == "converted in parts (after more)"
    for groups in (2, 4):  # parts of 1 and 3 channels: within groups of 2, between groups of 1
        chain = Chain().conv("a", "x", outputs=1).relu("r").conv("b", "x", outputs=3).relu("s")
        chain.add("concat", "cat", "r", "s").conv("c", outputs=4, groups=groups)
        nodes, _ = prepared(chain.relu("t").linear())
        assert ("c (add)" in nodes) == (groups == 2)
    last = Chain().conv("a").relu("r").linear("one", outputs=2).linear("two", "r", outputs=3)
    assert prepared(last.add("concat", "cat", "one", "two"))[0][-1] == "cat (add)"


def test_pads_and_slices():
    chain = Chain().conv("conv").relu().add("pad", "wide", padding=(1, 2, 0, 1))
    assert prepared(chain.conv("conv2", pad=0).relu("s").linear())[1]["wide"] == (
        "composed into conv2"
    )
    chain = Chain().conv("conv").relu().add("pad", "wide", padding=(1, 1, 0, 1)).pool("pool")
    assert prepared(chain.linear())[1]["wide"] == "folded into pool"
    chain = Chain().conv("conv").relu().add("pad", "wide", padding=(3, 0, 0, 0)).pool("pool")
    assert "wide.relu (relu)" in prepared(chain.linear())[0]  # a window of zeros only
    cut = {"start": (0, 0, 3), "stop": (3, 5, 6), "step": (1, 2, 1)}
    chain = Chain().conv("conv").relu().add("slice", "cut", **cut).pool("pool").linear()
    assert "cut.relu (relu)" in prepared(chain)[0]
    cut = {"start": (0, 1, 2), "stop": (2, 8, 7), "step": (1, 2, 3)}
    chain = Chain().conv("conv").relu().add("slice", "cut", **cut).conv("conv2", pad=0, kernel=1)
    assert prepared(chain.relu("s").linear())[1]["cut"] == "composed into conv2"
    flat = Chain((6,)).linear("fc1").relu().add("slice", "cut", start=(1,), stop=(4,), step=(2,))
    prepared(flat.add("pad", "wide", channels=(1, 0)).linear("fc2"))


def test_flatten_before_relu():
    chain = Chain().conv("conv").add("flatten", "flat").relu().add("flatten", "again").linear()
    nodes, account = prepared(chain)
    assert nodes == ["x (input)", "conv (conv)", "relu (relu)", "fc (linear)"]
    assert account["again"] == "merged with flat"
