"""From a trained network to its spiking form: small passes that keep the function exactly.

Afterwards only `input`, `conv`, `linear`, `relu`, `maxpool` and `add` are left; every `conv`
and `linear` is read by one `relu` (its spiking neurons), by one `add`, or is the readout.
"""

from __future__ import annotations

from collections.abc import Callable

from exporters.graph import Graph
from exporters.passes.concats import split_concats
from exporters.passes.draft import Draft
from exporters.passes.folding import (
    commute_max_pools,
    drop_flattens,
    drop_identities,
    fold_batch_norms,
    merge_relus,
    sink_flattens,
)
from exporters.passes.planes.ends import end_in_a_map, fold_views, map_planes
from exporters.passes.planes.layout import lay_out
from exporters.passes.pools import (
    flatten_readout,
    fold_pads,
    map_pads_and_slices,
    merge_average_pools,
    own_average_pools,
)
from exporters.passes.signed import compose_signed
from exporters.passes.spiking_form import check
from onespike_lava.errors import OptionError

POOLS = ("own", "merge")
Pass = Callable[[Draft], None]


def prepare(graph: Graph, pool: str = "own") -> tuple[Graph, dict[str, str]]:
    """The graph in spiking form, and what became of each node of the source.

    pool : `own` gives an average pool its own neurons (the paper), `merge` puts it into the
           linear layers behind it where only such follow and read at most 8,192 values of it,
           and into its own neurons elsewhere

    The function computed stays the same but for float rounding; nodes keep their names. The
    account maps source nodes to `converted`, `folded into conv1`, `dropped (dropout)` and the
    like. Raises `UnsupportedError` for what has no exact spiking form, naming the nodes.
    """
    draft = Draft.of(graph)
    sources = set(draft.account)
    for each in passes(pool):
        each(draft)
    check(draft)
    account = {name: note for name, note in draft.account.items() if name in sources}
    return draft.graph(), account


def passes(pool: str) -> tuple[Pass, ...]:
    """The passes of `prepare` in order; `OptionError` for a bad `pool`."""
    if pool not in POOLS:
        raise OptionError(f"pool: {pool!r} is not one of {', '.join(POOLS)}")
    merging = (merge_average_pools,) if pool == "merge" else ()
    return (*BEFORE_POOLS, *merging, *AFTER_POOLS)


BEFORE_POOLS: tuple[Pass, ...] = (
    drop_identities,
    fold_views,
    end_in_a_map,
    split_concats,
    sink_flattens,
    fold_pads,
    commute_max_pools,
    merge_relus,
    fold_batch_norms,
    drop_flattens,
)
"""In this order: later passes look at the one reader or source of a node, which a concatenation
would hide; flattens move away first, pads go into pools and max pools behind ReLUs, so that at the
end norms and ReLUs stand right behind the maps that they fold into or are the neurons of."""

AFTER_POOLS: tuple[Pass, ...] = (
    own_average_pools,
    map_pads_and_slices,
    map_planes,
    lay_out,
    compose_signed,
    flatten_readout,
)
"""Maps are composed when all of them are known, those of pools, pads and slices too."""
