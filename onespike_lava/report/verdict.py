"""What stands at the top of a report: a sentence and four numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from onespike_lava.network import Network
from onespike_lava.report.data import Report
from onespike_lava.report.steps import settled

NUMBERS = 4


@dataclass(frozen=True)
class Number:
    """A number, what it is, and what it is to be held against."""

    value: str
    what: str
    beside: str = ""


@dataclass(frozen=True)
class Verdict:
    """The top of a report."""

    sentence: str
    numbers: tuple[Number, ...]


def verdict(report: Report) -> Verdict:
    """Of a report."""
    parts = [_judgement(report), *_on_the_way(report)]
    limits = len(report.violations)
    chip = (
        f"exceeds {limits} public limit{'s' * (limits > 1)}"
        if limits
        else "exceeds no public limit"
    )
    return Verdict(f"{', '.join(parts)}, and {chip} of Loihi 2.", tuple(_numbers(report))[:NUMBERS])


def judged(network: Network) -> str:
    """What has a label each."""
    if network.is_graph:
        return "nodes of a graph"
    return "places" if network.dense_outputs else "samples"


def _judgement(report: Report) -> str:
    found, compared, what = report.evaluation, report.comparison, judged(report.network)
    if found.squared_error is not None:
        beside = ""
        if compared is not None and compared.ann_numbers is not None:
            beside = f" (its source network {compared.ann_numbers.r2:.4f})"
        return f"The network reaches an R\u00b2 of {found.r2:.4f} on the numbers in y{beside}"
    total = len(found.predictions)
    if not found.labelled:
        return f"The network was run on {total:,} {what} without labels"
    text = f"The network puts {found.correct:,} of {total:,} {what} in the right class"
    if compared is None or compared.ann is None:
        return text
    more = found.correct - round(compared.ann * total)
    than = f"{abs(more):,} {'fewer' if more < 0 else 'more'} than" if more else "as many as"
    turned = ""
    if report.outcomes.changed:
        lost, gained = report.outcomes.lost, report.outcomes.gained
        turned = f" ({lost:,} became wrong, {gained:,} became right)"
    return f"{text}, {than} its source network{turned}"


def _on_the_way(report: Report) -> Iterator[str]:
    if (after := report.evaluation.over_steps) is not None:
        yield (
            f"stays within a percentage point of that from step {settled(after):,} of "
            f"{len(after):,} on"
        )


def _numbers(report: Report) -> Iterator[Number]:
    found, compared = report.evaluation, report.comparison
    steps = report.network.steps
    if found.squared_error is not None:
        beside = ""
        if compared is not None and compared.ann_numbers is not None:
            beside = f"source network {compared.ann_numbers.squared_error:.4g}"
        yield Number(f"{found.squared_error:.4g}", "mean squared error", beside)
    elif found.labelled:
        beside = ""
        if compared is not None and compared.ann is not None:
            beside = f"source network {100 * compared.ann:.2f} %"
        yield Number(f"{100 * found.accuracy:.2f} %", "accuracy", beside)
    if report.outcomes.changed is not None:
        share = report.outcomes.changed / max(len(found.predictions), 1)
        yield Number(f"{100 * share:.2f} %", "changed class", f"{report.outcomes.changed:,} in all")
    if found.over_steps is not None:
        last = f"of {len(found.over_steps):,}"
        yield Number(f"{settled(found.over_steps):,}", "steps until accuracy stays", last)
    most = max((layer.max_spikes for layer in report.network.hidden), default=1)
    yield Number(
        f"{found.spikes_per_neuron:.3f}", "spikes per neuron", "" if steps else f"at most {most}"
    )
    ratio = found.energy.ratios["int8_snn"]
    than = f"{report.source.removeprefix('the ')} over this, INT8"
    yield Number(f"{ratio:.2f}", "energy ratio", than)
    yield Number(f"{report.fit.latency_steps:,}", "steps until scores", "")
    yield Number(f"{100 * report.fit.layers[-1].share:.2f} %", "of a chip, at least", "Loihi 2")
