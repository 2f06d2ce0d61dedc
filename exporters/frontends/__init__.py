"""Front ends: whatever the caller has becomes a graph.

read     : one door for all of them
builder  : a graph that grows node by node, and refusals gathered at once
outputs  : what is left out behind the logits, and which output is the result
refs     : values: a node, a shape, an order of elements
forms    : values in the form that operators read
moves    : transposes, picks, joins and enlargements
activations : what ReLUs say exactly
windows  : windows and constants of source operators
taken    : what samples the first layer takes
refusals : what refusals say
reshapes : reshapes, concatenations, pads and slices
torch    : modules, traced by `torch.fx`
onnx     : files of any producer
spiking  : modules that spike, of other libraries
"""
