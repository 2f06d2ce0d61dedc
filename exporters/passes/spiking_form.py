"""What a prepared graph must look like: one small rule per operator, all refusals at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from exporters.graph import Node, is_spiking
from exporters.passes.compose import obstacle
from exporters.passes.draft import LINEAR, Draft, sends_spikes
from onespike_lava.errors import RefusedNodesError

Rule = Callable[[Draft, Node], Iterator[str]]


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
