"""Spiking networks trained as such: ordinary torch modules over [T, N, ...], and one loop.

surrogates   : what stands for the derivative of a spike, by height and width
fused        : a neuron's T steps as one function for autograd
neurons      : IF, LIF and CUBA as modules
tssl         : the backward pass of TSSL-BP, its filter and its loss
layers       : time folded into the batch, a static input repeated, spike-element-wise joins
residual     : SEW, spiking and plain residual networks
measures     : the factor by which a layer changes the gradient, how often neurons fire
augmentation : images moved and mirrored
checkpoint   : a run on disk, resumed after a kill
plan         : how a network is trained, and what that gave
loop         : training, seeded and resumable

`x[T, N, ...] -> spikes[T, N, ...]` is all that a neuron does; nothing is kept between calls.
"""
