"""The terms themselves, in the order of the alphabet."""

from __future__ import annotations

from dataclasses import dataclass

LINK = "https://arxiv.org/abs/2403.08786"
"""Where the paper of the method can be read."""

PAPER = (
    'S. Hwang and J. Kung, "One-Spike SNN: Single-Spike Phase Coding with Base Manipulation for '
    'ANN-to-SNN Conversion Loss Minimization", IEEE Transactions on Emerging Topics in '
    f"Computing, 2024, arXiv:2403.08786 ({LINK})"
)
"""The paper whose equations, tables and sections are named throughout."""


@dataclass(frozen=True)
class Term:
    """A word and what it means.

    name : the word that pages use
    text : its meaning, whole sentences on one line
    also : other names and symbols of it
    see  : names of terms that belong to it
    """

    name: str
    text: str
    also: tuple[str, ...] = ()
    see: tuple[str, ...] = ()


TERMS = (
    Term(
        "base",
        "The number Q in (1, 2] between one level of the phase code and the next: a spike in phase "
        "k is worth Q**-k. A smaller base has finer levels and reaches less far down. 'auto' takes "
        "the base of the least error by Eq. 5 of the paper, 1.3 for 16 phases.",
        ("Q",),
        ("level", "phase", "paper"),
    ),
    Term(
        "calibration",
        "Running samples through the source network to learn how large its activations are. The "
        "levels, the constants and the corrections of a conversion come from these samples. They "
        "need no labels. Some hundred training samples are enough; test samples must not be "
        "among them.",
        (),
        ("constant", "correction"),
    ),
    Term(
        "chip models",
        "The microcode that makes neurons of this library run on Loihi 2 itself. Lava keeps such "
        "models in modules named ncmodels.py. Here these are empty, because the software to write "
        "them, lava-loihi, is Intel's and closed. The stock composition needs none.",
        ("ncmodels", "microcode"),
        ("stock composition", "Loihi 2"),
    ),
    Term(
        "coding error",
        "The difference between an activation of the source network and what the spikes of the "
        "converted neuron are worth. Reports give its root mean square as a share of that of the "
        "exact activations.",
        (),
        ("level", "threshold shift"),
    ),
    Term(
        "constant",
        "The activation that a level of 1 stands for, one number for each channel or layer "
        "(lambda in Eq. 2 of the paper). Weights are divided by the constant of the layer they "
        "read and multiplied by that of their own.",
        ("lambda", "normalisation", "normalisation constant"),
        ("level", "calibration", "paper"),
    ),
    Term(
        "correction",
        "A change of weights and biases, in closed form and without training, that makes up for "
        "the mean coding error on the calibration samples. 'bias' changes biases alone, 'weights' "
        "both, 'none' neither. The paper has none.",
        ("correct",),
        ("coding error", "calibration"),
    ),
    Term(
        "energy ratio",
        "The energy of the source network's multiply-accumulates over that of the spiking "
        "network's synaptic operations, both by constants of a 45 nm process: 2 means half the "
        "energy. Eq. 6 of the paper estimates it from spikes per neuron. Reports also count every "
        "spike at every synapse. Nothing is measured on a chip.",
        ("E", "energy", "Eq. 6"),
        ("synaptic operation", "MAC", "paper"),
    ),
    Term(
        "engine",
        "A program that computes a network: 'reference' (plain loops), 'numpy', 'numba' (compiled, "
        "the fastest) or 'lava' (Intel's Lava). All give the same integers: every spike and every "
        "score. 'auto' takes numba, or numpy where Numba is missing.",
        ("auto",),
    ),
    Term(
        "firing window",
        "The T steps in which a layer may spike for one sample. It opens T_w steps after the layer "
        "has begun to integrate. A layer integrates the next sample while it fires for this one.",
        (),
        ("wait", "step"),
    ),
    Term(
        "graded spike",
        "A spike that carries a number, its payload. Loihi 2 has such spikes.",
        ("graded",),
        ("payload", "weighting"),
    ),
    Term(
        "input code",
        "How samples enter. 'binary': each value is an integer of T_in bits, and the bits are "
        "spikes, the most significant first. 'single': one spike for a value, as in hidden layers. "
        "Networks that step may also hold a value in every step, or take events.",
        ("T_in", "input bits", "binary"),
        ("phase",),
    ),
    Term(
        "latency",
        "Steps from the first input of a sample to its scores. Each synapse takes one step, and "
        "each layer its wait.",
        (),
        ("wait", "step"),
    ),
    Term(
        "level",
        "The value of a spike in phase k, in units of the neuron's constant: Q**-k in the paper. "
        "By default the levels of a layer are fitted to its activations on the calibration "
        "samples.",
        ("levels",),
        ("base", "constant", "phase"),
    ),
    Term(
        "Loihi 2",
        "Intel's neuromorphic chip. 'onespike check' compares a network with the limits of the "
        "chip that are public, and estimates the share of the chip that it takes. That share is a "
        "lower bound: routing, microcode and packing are not public. Nothing here has run on a "
        "chip.",
        ("loihi", "share", "fit"),
        ("chip models", "stock composition"),
    ),
    Term(
        "loss",
        "Accuracy of the source network less that of the converted network, in percentage points.",
        ("conversion loss", "max-loss"),
        ("source network",),
    ),
    Term(
        "MAC",
        "A multiply-accumulate: one weight times one activation, added to a sum. What a network "
        "without spikes computes.",
        ("MACs", "multiply-accumulate"),
        ("synaptic operation",),
    ),
    Term(
        "network that steps",
        "A network whose neurons keep a potential from step to step, with leak, reset and as many "
        "spikes as it takes, as SpikingJelly, snnTorch, Norse, sinabs and lava-dl train them. T "
        "counts its steps. The one-spike neuron is one setting of the same neuron.",
        ("steps", "timed neuron", "Timed"),
        ("step",),
    ),
    Term(
        "one-spike",
        "The method of the paper: a hidden neuron spikes at most once for a sample, and the phase "
        "of that spike carries the value of a ReLU.",
        ("one-spike SNN", "single-spike"),
        ("phase code", "paper"),
    ),
    Term(
        "paper",
        f"{PAPER}. Sections, equations and tables without another name are those of this paper. "
        "'--paper' sets the options of a conversion as the paper has them.",
        ("--paper", "Hwang and Kung"),
    ),
    Term(
        "payload",
        "The integer that a spike carries in the file and on hardware: the level of its phase in "
        "units of 2**-F, with F payload bits. A synapse multiplies it by the weight.",
        ("payload bits", "F"),
        ("graded spike", "level"),
    ),
    Term(
        "phase",
        "One of the T time steps in which a neuron may spike for a sample. An early phase is worth "
        "more than a late one.",
        ("phases", "T"),
        ("phase code", "level", "step"),
    ),
    Term(
        "phase code",
        "A code in which the time of a spike is its value: a spike in phase k is worth level k. "
        "With base 2 and many spikes it is binary notation.",
        ("phase coding",),
        ("phase", "base", "one-spike"),
    ),
    Term(
        "potential",
        "The integer in which a neuron adds up what arrives. It must fit 24 bits with its sign. "
        "Every export and every reading of a file proves that no sum can leave them.",
        ("membrane potential", "24 bits"),
        ("threshold",),
    ),
    Term(
        "provenance",
        "The entries of a file that say how it was made: options, versions, and SHA-256 digests of "
        "the source network and of the calibration samples.",
    ),
    Term(
        "readout",
        "The last layer. It does not spike; its potentials are the scores.",
        (),
        ("score",),
    ),
    Term(
        "score",
        "The integer potential of an output. Score times output scale is the logit of the source "
        "network. The class is the output of the highest score.",
        ("scores", "logit", "logits"),
        ("readout",),
    ),
    Term(
        "source network",
        "The trained network that is converted: a torch module or an ONNX file. 'ANN' in tables.",
        ("ANN", "MODEL", "source"),
    ),
    Term(
        "step",
        "The time unit of Lava and Loihi 2. A sample of a one-spike network enters in T steps, one "
        "for each phase. A synapse passes a spike on in the next step.",
        (),
        ("phase", "latency"),
    ),
    Term(
        "stock composition",
        "The network built from Lava's own processes alone, which may have chip models already. "
        "It takes more neurons and synapses; 'onespike check --stock' says how many.",
        ("stock", "--stock"),
        ("chip models",),
    ),
    Term(
        "synaptic operation",
        "One spike at one synapse: an addition, for a graded spike also a multiplication.",
        ("synop", "synops"),
        ("energy ratio", "MAC"),
    ),
    Term(
        "threshold",
        "The potential at which a neuron spikes. It falls from phase to phase, so that large "
        "potentials spike early.",
        ("Theta",),
        ("threshold shift", "potential"),
    ),
    Term(
        "threshold shift",
        "Thresholds halfway between neighbouring levels instead of on them, so that values are "
        "rounded to the nearest level, not down to the next one (Sec. III-B1 of the paper). "
        "'--no-shift' turns it off.",
        ("shift", "--no-shift"),
        ("threshold", "level", "paper"),
    ),
    Term(
        "wait",
        "T_w, the steps for which a layer integrates before its firing window opens. With T_w = T, "
        "the default, it knows its whole input. With less it is faster and may spike too early or "
        "too late. '--wait' chooses it for each run.",
        ("T_w",),
        ("firing window", "latency"),
    ),
    Term(
        "weighting",
        "Where the value of a phase is applied (Sec. II-B of the paper). 'graded': spikes carry "
        "payloads, and potentials add. 'membrane', as in the paper: spikes carry nothing, and "
        "potentials grow by the base in each step.",
        ("membrane",),
        ("graded spike", "payload", "paper"),
    ),
)
"""Every term, in the order of the alphabet."""
