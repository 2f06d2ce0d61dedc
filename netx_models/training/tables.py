"""Make docs/training.md of what the scripts of this folder measured: `python tables.py`."""

from __future__ import annotations

import re
import statistics
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import runs

from onespike_lava.system.files import write_atomic

PAGE = runs.MODELS.parent / "docs" / "training.md"
Found = dict[str, Any]

OPENING = """\
# Networks trained as SNNs

What `exporters.training` ([guide](concepts/training.md)) gives on small data, system by system, and
what of each paper's claims that shows. Made by `python netx_models/training/tables.py` of what
the other scripts beside it measured, each run on one thread of a
shared machine: accuracies are what they are, seconds are upper bounds. Figures are percent of the
test images that the **last** epoch's weights get right, in brackets those of the epoch that was
best on validation images: means over seeds, with the range where there are several. Nothing was
chosen by test images.
"""

SEW = """\
## SEW: depth

Digits of scikit-learn (8 x 8, 1,195 training and 602 test images) in place of ImageNet and event
cameras. {about}

{table}

{figure}

The paper's first two claims can be seen here: ADD and IAND train at 110 layers as well as at 20,
while the spiking ResNet loses with depth, one of its seeds at 56 layers learns nothing, and the
plain network never does. The spiking ResNet keeps more here than on ImageNet, where it falls to a
tenth at 152 layers: it begins as the identity, and ATan is 1 at the threshold. Blocks that do not
begin as the identity (`no zero`) cost ADD points and IAND and the spiking ResNet all at 56 layers.
The third claim, that deeper is better, needs larger data and is not shown. `spikes` are per neuron
and sample of the four steps, `payload` the most spikes that a block puts out for one: at most `n +
1` after `n` blocks of ADD.
"""

TSSL = """\
## TSSL-BP: what of the gradient counts

[Zhang and Li (2020), arXiv:2002.10085](https://arxiv.org/abs/2002.10085). MNIST-5k (4,000 training
and 1,000 test images) in place of MNIST, N-MNIST, Fashion-MNIST and
CIFAR-10. {about}

{table}

{figure}

`counts` reads the same networks by the number of output spikes instead of their filtered sum.
The surrogate of silent neurons is indispensable, the timing of spikes is worth a point, what reset
and leak pass on nothing; a plain sigmoid for all neurons does no worse. So TSSL-BP trains networks
of Lava's neurons to the level of surrogate gradients, and no more was seen. The paper's accuracies
cannot be compared: this is a twelfth of its training images.
"""

S2NN = """\
## S2NN: one step

[Suetake et al. (2022), arXiv:2201.10879](https://arxiv.org/abs/2201.10879). MNIST-5k in place of
CIFAR-10. {about}

{table}

{figure}

The paper's claim is: more accurate than other neurons at one step and than binary networks.
Surrogates differ by less than a point here, which is a tie; all are ahead of the binary networks of
this shape, and behind the ReLUs. CIFAR-10 (`cifar.py`) takes hours on two cores and is not in this
table.
"""

SURROGATES = """\
## Surrogate, batch norm, optimiser: what trains plain networks

Digits of scikit-learn in place of CIFAR-100 and Imagenette. {about}

{table}

{figure}

`factor` is `exporters.training.gain` of 20 such layers at the start. By SGD ten layers train the
better the wider the surrogate is; AdamW hides that at ten layers, not at twenty. Of twenty only
those with a factor from about 1.2 to 1.5 train (by AdamW wider ones too), and ATan with such a
factor does not: it is needed, not enough. Narrow surrogates, the often quoted `a = 10` among them,
train neither. Without batch norms ten layers train worse, twenty hardly. Fifty plain layers train
with none; residual networks (above) do.
"""


CROSSING = """\
## Training against conversion, by steps

{about}

{table}

{figure}

Up to 4 steps training is ahead; from 10 steps on the conversion has met its network of ReLUs. The
crossing lies at so few steps because the network is shallow; the paper's, of fifty layers, at about
1,000, is out of reach here. The one-spike network, not trained as an SNN either, loses nothing.
"""


DEPLOYED = """\
## As integers, in every engine

{about}

{table}

`synops` are additions of synapses per sample for all steps, `input MACs` the multiplications of the
first layer, `MACs` those of a network of ReLUs of this shape; all counted on the test images.
`equal` names what sends the same spikes and scores for the first 100 of them.
"""


REWIRING = """\
## Few synapses

{about}

{table}

`connectivity` is the share of synapses that are not 0, `int8` and `whole` are accuracy and
connectivity of the integers, `synops` what spikes of the hidden layer cost per image, `input MACs`
what the image costs. One seed tells no point from another. At a fifth of the synapses gradient
rewiring is ahead of Deep R; the dense network pruned by size and trained on, which takes twice the
epochs, is ahead of both. Less than a fifth is still to be run. The file keeps a
weight of 0 as it keeps others, so it is no smaller.
"""


FINETUNED = """\
## One-spike networks trained on

{about}

{table}

`before` is the network that training starts from: of 8 bits and any fan-in the conversion by the
exporters' defaults (a fan-in gives average pools their own neurons). `ReLU` is the source network,
`loss` what is lost against it in points, `live` the weights that are not 0, `E` the energy ratio of
Eq. 6 for FP32, in which pruned weights count on neither side. 602 test images tell a tenth of a
point from chance only over several seeds: what is within 0.3 points on digits is a tie.
"""


def main() -> None:
    """Write the page."""
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
        ("deployed", DEPLOYED, deployed, of_deployed),
        ("rewiring", REWIRING, rewiring, of_rewiring),
        ("finetuned", FINETUNED, finetuned, of_finetuned),
    )
    known = {name: found for name, *_ in sections if (found := runs.read(name))}
    parts = [OPENING]
    for name, text, script, rows in sections:
        if name in known:
            found = known[name]
            figure = figures.drawn(name, found)
            said = about(script.__doc__)
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
    head = (
        "network",
        "float",
        "int8",
        "spikes",
        "synops",
        "input MACs",
        "MACs",
        "equal",
    )
    return table(head, rows)


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
        rows.append([start, shares[0], split, last, whole, shares[1], *counts, str(len(cell))])
    head = ("rule", "connectivity", "layers", "accuracy", "int8", "whole")
    return table((*head, "synops", "input MACs", "seeds"), rows)


ANN = {"digits": 99.34, "ResNet-20": 88.19, "VGG": 86.10}
"""Source networks on the test images, of the cards in `netx_models`."""


def of_finetuned(found: Found) -> str:
    """A row for each network, T and bound, over seeds."""
    rows = []
    for start in dict.fromkeys(key.rpartition(", seed")[0] for key in found):
        cell = of(found, f"{start}, seed")
        ann = ANN[start.split(", ")[0]]
        after = statistics.fmean(100 * each["last"] for each in cell)
        told = [ann - after, len(cell)]
        before = spread([each["before"]["accuracy"] for each in cell], 2)
        after_all = [each["after"] for each in cell]
        counts = [
            f"{mean(after_all, 'live'):,.0f}",
            f"{mean(after_all, 'spikes'):.3f}",
            f"{mean(after_all, 'energy'):.2f}",
        ]
        last = spread([each["last"] for each in cell], 2)
        rows.append([start, f"{ann:.2f}", before, last, f"{told[0]:.2f}", *counts, str(told[1])])
    head = ("network", "ReLU %", "before %", "after %", "loss", "live", "spikes", "E", "seeds")
    return table(head, rows)


def spread(shares: Sequence[float], digits: int = 1) -> str:
    """Mean in percent, and the range where there are several."""
    last = [100 * each for each in shares]
    mean, low, high = (f"{f(last):.{digits}f}" for f in (statistics.fmean, min, max))
    return mean if len(last) < 2 else f"{mean} ({low}-{high})"


def of(found: Found, start: str) -> list[Found]:
    """Runs of every seed."""
    return [each for key, each in found.items() if re.fullmatch(re.escape(start) + r" \d+", key)]


def mean(cell: Iterable[Found], key: str) -> float:
    """Over seeds."""
    return statistics.fmean(each[key] for each in cell)


def accuracy(cell: list[Found], brief: bool = False) -> str:
    """Last epoch, range over seeds, best epoch; `-` without a run."""
    if not cell:
        return "-"
    text = spread([each["last"] for each in cell])
    best = [100 * each["best"] for each in cell if each.get("best") is not None]
    return text if brief or not best else f"{text} [{statistics.fmean(best):.1f}]"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """In Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
