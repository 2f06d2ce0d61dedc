"""The neurons as a plain loop of torch operations, each with its own gradient."""

import torch


class Spike(torch.autograd.Function):
    """`1[x >= 0]`, or `1[x > 0]`, with a surrogate's derivative."""

    @staticmethod
    def forward(ctx, x, surrogate, strict):
        ctx.save_for_backward(x)
        ctx.surrogate = surrogate
        return (x > 0 if strict else x >= 0).to(x.dtype)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * ctx.surrogate.derivative(x), None, None


def plain(neuron, x):
    """Spikes of `x[T, N, ...]`, step by step."""
    u = v = torch.zeros_like(x[0])
    out = []
    for arriving in x:
        u = neuron.current_decay * u + arriving
        h = neuron.decay * v + u
        s = Spike.apply(h - neuron.threshold, neuron.surrogate, neuron.strict)
        reset = s.detach() if neuron.detach else s
        taken = neuron.threshold if neuron.amount is None else neuron.amount
        v = h - reset * (h if neuron.reset == "zero" else taken)
        out.append(s)
    return torch.stack(out)


def gradients(run, x, grad):
    """Spikes and the gradient of `x`."""
    x = x.detach().clone().requires_grad_()
    out = run(x)
    out.backward(grad)
    return out.detach(), x.grad
