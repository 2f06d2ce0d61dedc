"""Every neuron of other libraries that is read, in settings that differ; and those refused."""

import norse.torch as norse
import sinabs.activation as act
import sinabs.layers as sinabs
import snntorch
import torch
from norse.torch.functional.reset import reset_subtract
from spikingjelly.activation_based import encoding, layer, rnn
from spikingjelly.activation_based import neuron as sj


def _t(value):
    return torch.tensor(value)


def _box(**options):
    return norse.LIFBoxCell(p=norse.LIFBoxParameters(**options), dt=1.0)


SUPPORTED = {
    "sj.IF": lambda: sj.IFNode(),
    "sj.IF.soft.m": lambda: sj.IFNode(v_reset=None, step_mode="m"),
    "sj.IF.rest": lambda: sj.IFNode(v_reset=0.25),
    "sj.LIF": lambda: sj.LIFNode(),
    "sj.LIF.m": lambda: sj.LIFNode(step_mode="m"),
    "sj.LIF.soft": lambda: sj.LIFNode(v_reset=None),
    "sj.LIF.plain.m": lambda: sj.LIFNode(tau=4.0, decay_input=False, step_mode="m"),
    "sj.LIF.plain.soft": lambda: sj.LIFNode(tau=4.0, decay_input=False, v_reset=None),
    "sj.LIF.rest": lambda: sj.LIFNode(v_reset=-0.5),
    "sj.LIF.tau": lambda: sj.LIFNode(tau=1.7, v_threshold=0.75),
    "sj.SimpleLIF": lambda: sj.SimpleLIFNode(tau=2.0, decay_input=True),
    "sj.SimpleIF": lambda: sj.SimpleIFNode(),
    "sj.PLIF": lambda: sj.ParametricLIFNode(),
    "sj.PLIF.soft.m": lambda: sj.ParametricLIFNode(2.7, False, v_reset=None, step_mode="m"),
    "sj.CUBA": lambda: sj.CUBALIFNode(),
    "sj.CUBA.soft.m": lambda: _m(sj.CUBALIFNode(0.25, 0.5, v_reset=None)),
    "sj.Half.m": lambda: sj.HalfThresholdIFNode(step_mode="m"),
    "sj.OTTT": lambda: sj.OTTTLIFNode(),
    "sj.SLTT": lambda: sj.SLTTLIFNode(),
    "sj.Silent.IF": lambda: sj.NonSpikingIFNode(),
    "sj.Silent.LIF": lambda: sj.NonSpikingLIFNode(4.0, decode="max-mem"),
    "snn.Leaky": lambda: snntorch.Leaky(0.5),
    "snn.Leaky.0.9": lambda: snntorch.Leaky(0.9),
    "snn.Leaky.hidden": lambda: snntorch.Leaky(0.5, init_hidden=True),
    "snn.Leaky.zero": lambda: snntorch.Leaky(0.5, reset_mechanism="zero"),
    "snn.Leaky.zero.now": lambda: snntorch.Leaky(0.5, reset_mechanism="zero", reset_delay=False),
    "snn.Leaky.none": lambda: snntorch.Leaky(0.5, reset_mechanism="none"),
    "snn.Leaky.each": lambda: snntorch.Leaky(_t([0.5, 0.25, 0.75]), threshold=_t([1.0, 2.0, 0.5])),
    "snn.Synaptic": lambda: snntorch.Synaptic(0.5, 0.75),
    "snn.Synaptic.none": lambda: snntorch.Synaptic(0.5, 0.75, reset_mechanism="none"),
    "snn.Synaptic.zero.now": lambda: snntorch.Synaptic(
        0.5, 0.75, reset_mechanism="zero", reset_delay=False
    ),
    "snn.Lapicque": lambda: snntorch.Lapicque(R=4.0, C=1.0),
    "snn.Lapicque.beta": lambda: snntorch.Lapicque(beta=0.75),
    "norse.LIFCell": lambda: norse.LIFCell(),
    "norse.LIFCell.dyadic": lambda: norse.LIFCell(
        p=norse.LIFParameters(tau_syn_inv=_t(0.5), tau_mem_inv=_t(0.25)), dt=1.0
    ),
    "norse.LIF": lambda: norse.LIF(),
    "norse.Box": lambda: norse.LIFBoxCell(),
    "norse.Box.dyadic": lambda: _box(tau_mem_inv=_t(0.5)),
    "norse.Box.soft": lambda: _box(tau_mem_inv=_t(0.25), reset_method=reset_subtract),
    "norse.Box.rest": lambda: _box(tau_mem_inv=_t(0.5), v_leak=_t(0.5), v_reset=_t(0.5)),
    "norse.IAFCell": lambda: norse.IAFCell(),
    "norse.IAF": lambda: norse.IAF(),
    "norse.LICell": lambda: norse.LICell(),
    "norse.LI": lambda: norse.LI(),
    "norse.LIBox": lambda: norse.LIBoxCell(),
    "sinabs.IAF": lambda: sinabs.IAF(),
    "sinabs.IAF.floor": lambda: sinabs.IAF(min_v_mem=-1.0),
    "sinabs.IAF.one": lambda: sinabs.IAF(spike_fn=act.SingleSpike),
    "sinabs.IAF.two": lambda: sinabs.IAF(spike_fn=act.MaxSpike(2)),
    "sinabs.IAF.zero": lambda: sinabs.IAF(spike_fn=act.SingleSpike, reset_fn=act.MembraneReset()),
    "sinabs.IAF.squeeze": lambda: sinabs.IAFSqueeze(batch_size=1),
    "sinabs.LIF": lambda: sinabs.LIF(tau_mem=5.0),
    "sinabs.LIF.plain": lambda: sinabs.LIF(tau_mem=5.0, norm_input=False),
    "sinabs.LIF.current": lambda: sinabs.LIF(tau_mem=5.0, tau_syn=3.0),
    "sinabs.LIF.squeeze": lambda: sinabs.LIFSqueeze(tau_mem=5.0, batch_size=4),
    "sinabs.ExpLeak": lambda: sinabs.ExpLeak(tau_mem=4.0),
    "sinabs.ExpLeak.squeeze": lambda: sinabs.ExpLeakSqueeze(tau_mem=4.0, batch_size=1),
}
"""Name -> a factory; all have a normal form."""

LATE = {
    "snn.Synaptic.zero": lambda: snntorch.Synaptic(0.5, 0.75, reset_mechanism="zero"),
    "snn.Lapicque.zero": lambda: snntorch.Lapicque(R=4.0, C=1.0, reset_mechanism="zero"),
}
"""Those whose form integers do not have."""


def _m(module):
    module.step_mode = "m"
    return module


REFUSED = {
    **{
        f"sj.{name}": (lambda name=name: getattr(sj, name)())
        for name in (
            *("KLIFNode", "QIFNode", "EIFNode", "IzhikevichNode", "ILIFNode", "TernaryIFNode"),
            *("TernaryLIFNode", "ComplementaryLIFNode", "RAFNode"),
        )
    },
    "sj.GatedLIFNode": lambda: sj.GatedLIFNode(T=4),
    "sj.LIAFNode": lambda: sj.LIAFNode(torch.relu, False),
    "sj.VanillaRNN": lambda: rnn.SpikingVanillaRNN(3, 3, 1),
    "sj.LSTMCell": lambda: rnn.SpikingLSTMCell(3, 3),
    "sj.LinearRecurrent": lambda: layer.LinearRecurrentContainer(sj.IFNode(), 3, 3),
    "sj.SynapseFilter": lambda: layer.SynapseFilter(),
    "sj.Delay": lambda: layer.Delay(2),
    "sj.PoissonEncoder": lambda: encoding.PoissonEncoder(),
    "sj.PopEncoder": lambda: encoding.PopSpikeEncoderRandom(1, 4, 4, (0.0, 1.0), 0.1),
    "norse.PoissonEncoder": lambda: norse.PoissonEncoder(4),
    "sj.NoisyNonSpikingIFNode": lambda: sj.NoisyNonSpikingIFNode(4),
    "snn.LeakyParallel": lambda: snntorch.LeakyParallel(3, 3),
    "sinabs.SpikingMaxPooling2dLayer": lambda: sinabs.SpikingMaxPooling2dLayer(2),
    "sj.PSN": lambda: sj.PSN(T=4),
    "sj.SlidingPSN": lambda: sj.SlidingPSN(k=2),
    "snn.Leaky.now": lambda: snntorch.Leaky(0.5, reset_delay=False),
    "snn.Synaptic.now": lambda: snntorch.Synaptic(0.5, 0.75, reset_delay=False),
    "snn.Leaky.inhibition": lambda: snntorch.Leaky(0.5, inhibition=True),
    "snn.Leaky.graded": lambda: snntorch.Leaky(0.5, graded_spikes_factor=2.0),
    "snn.RLeaky": lambda: snntorch.RLeaky(0.5, linear_features=3),
    "snn.RSynaptic": lambda: snntorch.RSynaptic(0.5, 0.75, linear_features=3),
    "snn.DeltaLeaky": lambda: snntorch.DeltaLeaky(beta=0.5, init_hidden=True),
    "snn.Alpha": lambda: snntorch.Alpha(0.9, 0.8),
    "snn.SLSTM": lambda: snntorch.SLSTM(3, 3),
    "norse.LIFRefracCell": lambda: norse.LIFRefracCell(),
    "norse.LSNNCell": lambda: norse.LSNNCell(),
    "norse.LIFExCell": lambda: norse.LIFExCell(),
    "norse.LIFAdExCell": lambda: norse.LIFAdExCell(),
    "norse.IzhikevichCell": lambda: norse.IzhikevichCell(
        __import__("norse").torch.functional.izhikevich.tonic_spiking
    ),
    "norse.LIFRecurrentCell": lambda: norse.LIFRecurrentCell(3, 3),
    "norse.Box.reset": lambda: _box(tau_mem_inv=_t(0.5), v_reset=_t(0.25)),
    "sinabs.ALIF": lambda: sinabs.ALIF(tau_mem=3.0, tau_adapt=3.0),
    "sinabs.LIFRecurrent": lambda: sinabs.LIFRecurrent(
        tau_mem=3.0, rec_connect=torch.nn.Linear(3, 3)
    ),
    "sinabs.IAFRecurrent": lambda: sinabs.IAFRecurrent(rec_connect=torch.nn.Linear(3, 3)),
    "sinabs.IAF.reset": lambda: sinabs.IAF(
        spike_fn=act.SingleSpike, reset_fn=act.MembraneReset(0.25)
    ),
}
"""Name -> a factory; none has a normal form."""

PLAIN = {
    *("ConvNet", "ConvNet4", "LConv2d", "Lift", "MobileNetV2", "VGG", "SequentialState"),
    *("RecurrentSequential", "RegularizationCell", "SpikesToTimesDecoder"),
    *("ParameterizedSpatialReceptiveField2d", "SampledSpatialReceptiveField2d"),
    *("SpatialReceptiveField2d", "TemporalReceptiveField"),
    *("ChannelShift", "Cropping2dLayer", "FlattenTime", "Merge", "Repeat", "SumPool2d"),
    "UnflattenTime",
    *("TemporalWiseAttention", "MultiDimensionalAttention", "SpikingSelfAttention", "QKAttention"),
    *("TokenQKAttention", "ChannelQKAttention", "SpikeDrivenSelfAttention"),
    *(f"BatchNorm{n}d" for n in (1, 2, 3)),
    *(f"ThresholdDependentBatchNorm{n}d" for n in (1, 2, 3)),
    *(f"TemporalEffectiveBatchNorm{n}d" for n in (1, 2, 3)),
    *("MultiStepContainer", "SeqToANNContainer", "TLastMultiStepContainer"),
    *("TLastSeqToANNContainer", "StepModeContainer", "Dropout", "Dropout2d", "PrintShapeModule"),
    *("VotingLayer", "SpikeCountToBinary", "TemporalBinSum", "GradwithTrace", "SpikeTraceOp"),
    *("OTTTSequential", "Upsample", "GroupNorm", "Linear", "Flatten", "WSConv2d", "WSLinear"),
    *(f"{kind}{n}d" for kind in ("Conv", "ConvTranspose", "MaxPool", "AvgPool") for n in (1, 2, 3)),
    *(f"{kind}{n}d" for kind in ("MaxUnpool", "AdaptiveAvgPool") for n in (1, 2, 3)),
}
"""Containers and layers without neurons of their own, whose calls are read."""
