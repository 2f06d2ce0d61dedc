"""A network that steps in the form that integers are made of.

Afterwards only `input`, `conv`, `linear`, `add`, `neuron`, `maxpool` and `total` are left. Every
`conv` and `linear` reads spikes and is read by one `neuron` (as its current), by one `add`, or is
the readout; no neurons are added to those of the source.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from exporters.form import Form
from exporters.graph import Node, Stepping, is_spiking
from exporters.passes.concats import split_concats
from exporters.passes.draft import LINEAR, Draft, sends_spikes
from exporters.passes.folding import (
    drop_flattens,
    drop_identities,
    fold_batch_norms,
    sink_flattens,
)
from exporters.passes.planes.ends import end_in_a_map
from exporters.passes.pools import (
    flatten_readout,
    fold_pads,
    map_pads_and_slices,
    map_pool,
    merge_average_pools,
)
from exporters.passes.signed import compose_signed
from onespike_lava.errors import UnsupportedError


def prepare_steps(source: Stepping) -> tuple[Stepping, dict[str, str]]:
    """The network in that form, and what became of each node of the source.

    Its spikes stay the same but for float rounding. Raises `UnsupportedError` for what timed
    neurons and synapses cannot compute, naming the nodes.
    """
    draft = Draft.of(source.graph)
    draft.free = False
    sources = set(draft.account)
    factor = _normalise(draft, source)
    for each in PASSES:
        each(draft)
    if not source.potential:
        end_in_a_map(draft)
    compose_signed(draft)
    flatten_readout(draft)
    _check(draft, source.potential)
    account = {name: note for name, note in draft.account.items() if name in sources}
    return replace(source, graph=draft.graph(), factor=factor), account


def add_up_spikes(draft: Draft) -> None:
    """Sums of spikes alone become sums of payloads, but for the currents of neurons."""
    for node in draft.of_op("add"):
        total = draft.nodes[node.name]
        inputs = [draft.nodes[name] for name in total.inputs]
        readers = draft.readers(total.name)
        currents = bool(readers) and all(map(is_spiking, readers)) and total.name != draft.output
        sent = all(sends_spikes(each) and each.op != "input" for each in inputs)
        if sent and not currents:
            draft.put(replace(total, op="total"))


def map_average_pools(draft: Draft) -> None:
    """Average pools become linear maps, which what follows takes in."""
    shapes = draft.shapes()
    for node in draft.of_op("avgpool", "areas"):
        map_pool(draft, node, shapes[node.inputs[0]])
        draft.account[node.name] = "converted to a linear map"


PASSES = (
    drop_identities,
    split_concats,
    sink_flattens,
    fold_pads,
    fold_batch_norms,
    drop_flattens,
    add_up_spikes,
    merge_average_pools,
    map_average_pools,
    map_pads_and_slices,
)
"""In this order, as in `pipeline`, less those that move or drop what stands beside a ReLU."""


def _normalise(draft: Draft, source: Stepping) -> float:
    """Take gains out of the neurons; what the scores are multiplied with then."""
    factor = source.factor
    for node in draft.of_op("neuron"):
        form = Form.of(node.params, node.attrs)
        _check_form(draft, node, form)
        if source.potential and node.name == source.graph.output:
            if np.ptp(form.gain) > 0:
                raise UnsupportedError(
                    f"{draft.title(node)}: its outputs have gains of their own; use one for all"
                )
            factor *= float(form.gain.flat[0])
        plain = form.normal()
        draft.put(replace(node, params=plain.numbers(), attrs={**node.attrs, **plain.settings()}))
    return factor


def _check_form(draft: Draft, node: Node, form: Form) -> None:
    found = ""
    if form.reset == "late_zero":
        found = "is reset to zero one step late, and loses that step's input; use reset_delay=False"
    elif form.reset == "late_subtract" and not (form.keep_v > 0).all():
        found = "is reset by subtraction one step late without a memory; use a beta above 0"
    elif form.fires and not (form.threshold > 0).all():
        found = "has a threshold that is not above its rest; use a higher one"
    elif not (form.gain > 0).all():
        found = "has a gain that is not positive; use another time constant"
    elif any((each < 0).any() or (each > 1).any() for each in (form.keep_u, form.keep_v)):
        found = "has decays outside 0..1; use other time constants"
    if found:
        raise UnsupportedError(f"{draft.title(node)}: {found}")


def _check(draft: Draft, potential: bool) -> None:
    found = [text for node in draft.order() for text in _problems(draft, node, potential)]
    if found:
        raise UnsupportedError("; ".join(found))


def _problems(draft: Draft, node: Node, potential: bool) -> Iterator[str]:
    title, readers = draft.title(node), draft.readers(node.name)
    last = node.name == draft.output
    goes = ", ".join(map(draft.title, readers))
    if node.op == "maxpool" and not sends_spikes(draft.source(node)):
        yield (
            f"{title}: takes the maximum of currents of {draft.title(draft.source(node))}; put it "
            "after the neurons"
        )
    elif node.op == "neuron" and draft.source(node).op not in (*LINEAR, "add"):
        yield f"{title}: reads {draft.title(draft.source(node))}, no current; put a layer before it"
    elif node.op in (*LINEAR, "add"):
        fits = len(readers) == 1 and (readers[0].op == "add" or is_spiking(readers[0]))
        if not (last and not readers) and not fits:
            yield (
                f"{title}: is no spikes and goes to {goes or 'the output'}, which cannot be put "
                "into one map with it; put neurons between them"
            )
        if node.op == "add" and any(draft.nodes[name].op not in LINEAR for name in node.inputs):
            yield f"{title}: adds what is neither currents nor spikes; flatten after the neurons"
    elif node.op not in ("input", "neuron", "maxpool", "total"):
        yield f"{title}: no part of a network that steps; put neurons in its place"
    if node.op == "neuron" and not last and not Form.of(node.params, node.attrs).fires:
        yield f"{title}: never fires, and is no output; use neurons that fire"
    if last and potential and node.op != "neuron":
        yield f"{title}: is read as potentials, but is no neuron; end the network with neurons"
