"""From a trained network to its spiking form: small passes that keep the function exactly.

Afterwards only `input`, `conv`, `linear`, `relu`, `maxpool` and `add` are left; every `conv`
and `linear` is read by one `relu` (its spiking neurons), by one `add`, or is the readout. What
must hold of them is a small rule per operator; all refusals come at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import MappingProxyType

from exporters.graph import Graph, Node, is_spiking
from exporters.passes.compose import obstacle
from exporters.passes.concats import split_concats
from exporters.passes.doubling import double_all, double_stream
from exporters.passes.draft import LINEAR, Draft, sends_spikes
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
from onespike_lava.errors import OptionError, RefusedNodesError

POOLS = ("own", "merge")
Pass = Callable[[Draft], None]
Rule = Callable[[Draft, Node], Iterator[str]]

DOUBLING: Mapping[str, tuple[Pass, ...]] = MappingProxyType(
    {"none": (), "stream": (double_stream,), "all": (double_all,)}
)
"""Passes by which values two neurons carry."""


def prepare(graph: Graph, pool: str = "own", double: str = "none") -> tuple[Graph, dict[str, str]]:
    """The graph in spiking form, and what became of each node of the source.

    pool : `own` gives an average pool its own neurons (the paper), `merge` puts it into the
           linear layers behind it where only such follow and read at most 8,192 values of it,
           and into its own neurons elsewhere
    double : which values two neurons carry: `none`, those of the `stream` or `all`

    The function computed stays the same but for float rounding; nodes keep their names. The
    account maps source nodes to `converted`, `folded into conv1`, `dropped (dropout)` and the
    like. Raises `UnsupportedError` for what has no exact spiking form, naming the nodes.
    """
    draft = Draft.of(graph)
    sources = set(draft.account)
    for each in passes(pool):
        each(draft)
    check(draft)
    for each in DOUBLING[double]:
        each(draft)
    account = {name: note for name, note in draft.account.items() if name in sources}
    return draft.graph(), account


def passes(pool: str, double: str = "none") -> tuple[Pass, ...]:
    """The passes of `prepare` in order; `OptionError` for a bad `pool`."""
    if pool not in POOLS:
        raise OptionError(f"pool: {pool!r} is not one of {', '.join(POOLS)}")
    merging = (merge_average_pools,) if pool == "merge" else ()
    return (*BEFORE_POOLS, *merging, *AFTER_POOLS, *DOUBLING[double])


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


def check(draft: Draft) -> None:
    """Raise `UnsupportedError` with every node that has no one-spike counterpart."""
    graph = draft.graph()
    found = [message for node in graph.nodes for message in _rule(node)(draft, node)]
    found += _readout(draft, draft.nodes[draft.output])
    if found:
        parts = (message.partition("): ") for message in found)
        raise RefusedNodesError(
            "; ".join(found), ((f"{node})", reason) for node, _, reason in parts)
        )


def _nothing(draft: Draft, node: Node) -> Iterator[str]:
    yield from ()


def _signed(draft: Draft, node: Node) -> Iterator[str]:
    """A linear map's result may be negative: neurons, a sum, or the readout must follow."""
    reader = draft.only_reader(node.name)
    summed = node.op in LINEAR and reader is not None and reader.op == "add"
    carried = reader is not None and is_spiking(reader)
    if summed or carried or node.name == draft.output:
        return
    readers = draft.readers(node.name)
    reasons = [each for each in map(partial(_obstacle, draft, node), readers) if each]
    why = f" ({reasons[0]})" if reasons else ""
    goes = ", ".join(map(draft.title, readers))
    yield (
        f"{draft.title(node)}: its result can be negative and goes to {goes}, but spikes "
        f"cannot carry negative values{why}; put a ReLU directly after it"
    )


def _obstacle(draft: Draft, node: Node, reader: Node) -> str | None:
    """Why a linear map behind a signed value was not composed with it."""
    if reader.op not in LINEAR:
        return None
    shapes = draft.shapes()
    maps = [draft.nodes[name] for name in node.inputs] if node.op == "add" else [node]
    found = (obstacle(each, reader, shapes[each.inputs[0]]) for each in maps)
    return next((each for each in found if each), None)


def _neurons(draft: Draft, node: Node) -> Iterator[str]:
    source = draft.source(node)
    if source.op not in (*LINEAR, "add"):
        yield (
            f"{draft.title(node)}: reads {draft.title(source)}, not a conv, linear or add whose "
            "spikes it could be; remove it or put a conv or linear before it"
        )


def _maxpool(draft: Draft, node: Node) -> Iterator[str]:
    source = draft.source(node)
    if not sends_spikes(source) and source.op not in LINEAR:
        yield (
            f"{draft.title(node)}: reads {draft.title(source)}; a max pool needs single spikes, "
            "put a ReLU before it"
        )


def _left(draft: Draft, node: Node) -> Iterator[str]:
    readers = ", ".join(map(draft.title, draft.readers(node.name))) or "the output"
    yield (
        f"{draft.title(node)}: read by {readers}; only linear layers read flattened values, put "
        "one there"
    )


def _unknown(draft: Draft, node: Node) -> Iterator[str]:
    yield (
        f"{draft.title(node)}: no pass brings this operator into spiking form; fold it into its "
        "neighbours before, or add a pass"
    )


def _readout(draft: Draft, node: Node) -> Iterator[str]:
    if node.op not in (*LINEAR, "add"):
        yield (
            f"{draft.title(node)}: is the network's output; the last node must be a conv or "
            "linear, whose potentials are the scores; end the network there"
        )
    elif draft.readers(node.name):
        yield (
            f"{draft.title(node)}: is the output and is read by other nodes; only one of both is "
            "supported"
        )


def _rule(node: Node) -> Rule:
    return _neurons if is_spiking(node) else RULES.get(node.op, _unknown)


RULES: dict[str, Rule] = {
    "input": _nothing,
    "conv": _signed,
    "linear": _signed,
    "add": _signed,
    "maxpool": _maxpool,
    "flatten": _left,
}
"""What must hold of the operators that are no neurons."""
