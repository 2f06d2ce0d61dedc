"""Make docs/training.md of what the scripts of this folder measured: `python tables.py`."""

from __future__ import annotations

import statistics
import textwrap
from collections.abc import Sequence

import runs
from cells import Found, accuracy, mean, of, spread, table
from texts import (
    CIFAR,
    COUNTS,
    CROSSING,
    DEPLOYED,
    FINETUNED,
    OPENING,
    REWIRING,
    S2NN,
    SEW,
    SURROGATES,
    TSSL,
)

from onespike_lava.system.files import write_atomic

PAGE = runs.MODELS.parent / "docs" / "training.md"


def main() -> None:
    """Write the page."""
    import cifar
    import crossing
    import deployed
    import figures
    import finetuned
    import rewiring
    import s2nn
    import sew
    import surrogates
    import tssl

    sections = (
        ("sew", SEW, sew, of_sew),
        ("tssl", TSSL, tssl, of_tssl),
        ("s2nn", S2NN, s2nn, of_s2nn),
        ("surrogates", SURROGATES, surrogates, of_surrogates),
        ("crossing", CROSSING, crossing, of_crossing),
        ("cifar", CIFAR, cifar, of_cifar),
        ("deployed", DEPLOYED, deployed, of_deployed),
        ("rewiring", REWIRING, rewiring, of_rewiring),
        ("finetuned", FINETUNED, finetuned, of_finetuned),
        ("finetuned", COUNTS, finetuned, of_counts),
    )
    known = {name: found for name, *_ in sections if (found := runs.read(name))}
    parts = [OPENING]
    for name, text, script, rows in sections:
        if name in known:
            found = known[name]
            figure = figures.drawn(name, found)
            said = about(script.__doc__) if text is not COUNTS else finetuned.COUNTS.strip()
            parts.append(text.format(about=said, table=rows(found), figure=figure))
    parts.append(measured(known))
    write_atomic(PAGE, (page("\n".join(parts)) + "\n").encode())


def about(text: str | None) -> str:
    """What a script says of its runs, behind its first line."""
    return (text or "").split("\n\n", 1)[1].strip()


def page(text: str) -> str:
    """Paragraphs of prose in lines of 100; tables and lists as they are."""
    parts = text.split("\n\n")
    return "\n\n".join(
        part if part.lstrip()[:1] in "#|-!" else textwrap.fill(part, 100) for part in parts
    )


def measured(known: dict[str, Found]) -> str:
    """When, with what, and how long."""
    lines = []
    for name, found in known.items():
        made = "; ".join(sorted({each["made"] for each in found.values()}))
        hours = sum(each["wall"] for each in found.values()) / 3600
        script = f"`python netx_models/training/{name}.py`"
        lines.append(f"- {script}: {len(found)} runs, {hours:.1f} hours; {made}")
    return "\n".join(["## Measured by", "", *lines, ""])


def of_sew(found: Found) -> str:
    """A row for each network, a column for each depth."""
    rows = []
    for kind in ("ADD", "IAND", "AND", "spiking", "plain"):
        for setting in ("rate 0.05", "rate 0.05, no zero", "rate 0.01"):
            cells = [of(found, f"{kind} {depth}, {setting}, seed") for depth in (20, 56, 110)]
            if any(cells):
                rows.append([kind, setting, *map(accuracy, cells), *firing(cells)])
    head = ("join", "setting", "20 layers", "56 layers", "110 layers", "spikes", "payload")
    return table(head, rows)


def firing(cells: Sequence[list[Found]]) -> tuple[str, str]:
    """Spikes per neuron and the largest payload, by depth."""
    spikes = [f"{mean(cell, 'spikes'):.2f}" if cell else "-" for cell in cells]
    payloads = [f"{max(e['payload'] for e in cell):.0f}" if cell else "-" for cell in cells]
    return " / ".join(spikes), " / ".join(payloads)


def of_tssl(found: Found) -> str:
    """A row for each variant."""
    import tssl

    rows = []
    for variant in tssl.VARIANTS:
        runs_of = of(found, f"{variant}, seed")
        if runs_of:
            counts = f"{100 * mean(runs_of, 'counts'):.1f}"
            spikes = f"{mean(runs_of, 'spikes'):.2f}"
            seeds = str(len(runs_of))
            rows.append([variant, accuracy(runs_of), counts, spikes, seeds])
    return table(("gradient", "accuracy", "counts", "spikes", "seeds"), rows)


def of_s2nn(found: Found) -> str:
    """A row for each neuron."""
    import s2nn

    rows = []
    for name in (*s2nn.SURROGATES, *s2nn.RIVALS):
        cells = [of(found, f"{name}, {optimiser}, seed") for optimiser in ("sgd", "adam")]
        if any(cells):
            spikes = f"{mean(cells[0], 'spikes'):.2f}" if name in s2nn.SURROGATES else "-"
            rows.append([name, *map(accuracy, cells), spikes])
    return table(("neuron", "SGD", "AdamW", "spikes"), rows)


def of_surrogates(found: Found) -> str:
    """A row for each surrogate, a column for each depth, optimiser and norm."""
    import surrogates

    columns = [
        (depth, optimiser, norm)
        for norm in ("", ", no batch norm")
        for depth in (10, 20, 50)
        for optimiser in surrogates.RATES
        if any(f"{depth} layers, {optimiser}{norm}, seed" in key for key in found)
    ]
    rows = []
    for name in surrogates.SURROGATES:
        cells = [of(found, f"{name}, {d} layers, {o}{n}, seed") for d, o, n in columns]
        if any(cells):
            factor = next(
                each["gain"]
                for cell, (*_, norm) in zip(cells, columns, strict=True)
                for each in cell
                if not norm
            )
            rows.append([name, f"{factor:.2f}", *(accuracy(cell, brief=True) for cell in cells)])
    heads = [f"{d}, {o}{', no norm' if n else ''}" for d, o, n in columns]
    return table(("surrogate", "factor", *heads), rows)


def of_crossing(found: Found) -> str:
    """A row for each network."""
    cells = list(found.values())
    rows = [
        ["ReLU", "-", spread([each["ReLU"] for each in cells])],
        ["one-spike, int8", "16", spread([each["one-spike"] for each in cells])],
    ]
    for kind in ("trained", "converted"):
        rows += [
            [kind, steps, spread([each[kind][steps] for each in cells])] for steps in cells[0][kind]
        ]
    return table(("network", "steps", "accuracy"), rows)


def of_deployed(found: Found) -> str:
    """A row for each network."""
    rows = []
    for name, each in found.items():
        counts = [f"{each[key]:,}" for key in ("synops", "input_macs", "macs")]
        shares = [f"{100 * each[key]:.2f}" for key in ("last", "int8")]
        rows.append([name, *shares, f"{each['spikes']:.2f}", *counts, ", ".join(each["equal"])])
    head = ("network", "float", "int8", "spikes", "synops", "input MACs", "MACs")
    return table((*head, "equal"), rows)


def of_cifar(found: Found) -> str:
    """A row for each network, then one for each depth."""
    import cifar

    rows = []
    for name, run in ((n, r) for n in cifar.SHIPPED for r in dict.fromkeys((n, cifar.last_run(n)))):
        trained = of(found, f"{run}, seed")
        if trained:
            whole = found.get(f"{name}, as integers", {}) if run == cifar.last_run(name) else {}
            counts = [f"{whole[key]:,}" if whole else "-" for key in ("synops", "input_macs")]
            macs = f"{whole['macs']:,}" if whole else "-"
            share = f"{100 * whole['int8']:.2f}" if whole else "-"
            spikes = f"{whole['spikes']:.2f}" if whole else "-"
            rows.append([run, accuracy(trained, 2), share, spikes, *counts, macs])
    head = ("network", "float", "int8", "spikes", "synops", "input MACs", "MACs")
    tables = [table(head, rows)] if rows else []
    deep = [(name, of(found, f"{name}, 10000 images, seed")) for name in cifar.DEPTH]
    rows = [[name, accuracy(cell, 2), f"{mean(cell, 'spikes'):.2f}"] for name, cell in deep if cell]
    if rows:
        tables.append(table(("network, 10,000 images", "float", "spikes"), rows))
    rows = [row for name in cifar.ONE_STEP if (row := of_one_step(name, found))]
    if rows:
        heads = ("one step, 20,000 images", "float", "int8", "spikes", "synops", "MACs", "seeds")
        tables.append(table(heads, rows))
    return "\n\n".join(tables)


def of_one_step(name: str, found: Found) -> list[str]:
    """A row of the small networks of one step, of one shape; `-` where nothing spikes."""
    cell = of(found, f"{name}, seed")
    macs = [each["macs"] for key, each in found.items() if ", one step," in key and "macs" in each]
    whole = [each for each in cell if "synops" in each]
    told = ["-", "-", "-"]
    if whole:
        share, synops = spread([each["int8"] for each in whole]), mean(whole, "synops")
        told = [share, f"{mean(whole, 'spikes'):.2f}", f"{synops:,.0f}"]
    short = name.removesuffix(", one step")
    if not cell:
        return []
    return [short, accuracy(cell), *told, f"{macs[0]:,}" if macs else "-", str(len(cell))]


def of_rewiring(found: Found) -> str:
    """A row for each way and drift, over seeds."""
    rows = []
    for start in dict.fromkeys(key.rpartition(", seed")[0] for key in found):
        cell = of(found, f"{start}, seed")
        shares = [f"{100 * mean(cell, key):.2f} %" for key in ("connectivity", "whole")]
        layers = [
            statistics.fmean(each)
            for each in zip(*(c["layers"].values() for c in cell), strict=True)
        ]
        split = " / ".join(f"{100 * each:.1f}" for each in layers)
        last, whole = (spread([each[key] for each in cell]) for key in ("last", "int8"))
        counts = [f"{mean(cell, key):,.0f}" for key in ("synops", "input_macs")]
        counts += [f"{mean(cell, 'energy'):.2f}", f"{mean(cell, 'bytes') / 1000:,.0f}"]
        rows.append([start, shares[0], split, last, whole, shares[1], *counts, str(len(cell))])
    head = ("rule", "connectivity", "layers", "accuracy", "int8", "whole")
    return table((*head, "synops", "input MACs", "E", "kB", "seeds"), rows)


ANN = {"digits": 99.34, "ResNet-20": 88.19, "VGG": 86.10}
"""Source networks on the test images, of the cards in `netx_models`."""


def of_finetuned(found: Found) -> str:
    """A row for each network, T and bound, over seeds."""
    rows = []
    for start in dict.fromkeys(key.rpartition(", seed")[0] for key in found):
        if ", counts, " in start:
            continue
        cell = of(found, f"{start}, seed")
        ann = ANN[start.split(", ")[0]]
        after = statistics.fmean(100 * each["last"] for each in cell)
        equal = f"{sum('lava' in each['equal'] for each in cell)} of {len(cell)}"
        before = spread([each["before"]["accuracy"] for each in cell], 2)
        after_all = [each["after"] for each in cell]
        counts = [
            f"{mean(after_all, 'live'):,.0f}",
            f"{mean(after_all, 'spikes'):.3f}",
            f"{mean(after_all, 'synops'):,.0f}",
            f"{mean(after_all, 'energy'):.2f}",
        ]
        last = spread([each["last"] for each in cell], 2)
        rows.append([start, f"{ann:.2f}", before, last, f"{ann - after:.2f}", *counts, equal])
    head = ("network", "ReLU %", "before %", "after %", "loss", "live", "spikes", "synops", "E")
    return table((*head, "equal"), rows)


def of_counts(found: Found) -> str:
    """A row for each network of spike counts: source, primitive conversion, tandem learning."""
    rows = []
    for start in dict.fromkeys(key.rpartition(", seed")[0] for key in found if ", counts," in key):
        cell = of(found, f"{start}, seed")
        name = start.split(", ")[0]
        anns = [ANN[name] / 100 if each["ann"] is None else each["ann"] for each in cell]
        lost = [100 * (ann - each["last"]) for ann, each in zip(anns, cell, strict=True)]
        parts = [[each[part] for each in cell] for part in ("before", "after")]
        shares = [spread([each["accuracy"] for each in part], 2) for part in parts]
        energy = [f"{mean(part, 'energy'):.2f}" for part in parts]
        spikes, live = mean(parts[1], "spikes"), mean(parts[1], "live")
        told = [spread(sorted(set(anns)), 2), *shares, f"{statistics.fmean(lost):.2f}"]
        told += [f"{live:,.0f}", f"{spikes:.2f}", " / ".join(energy), str(len(cell))]
        rows.append([start.replace(", counts", ""), *told])
    head = ("network", "ReLU %", "primitive %", "tandem %", "loss", "live", "spikes", "E", "seeds")
    return table(head, rows)


if __name__ == "__main__":
    main()
