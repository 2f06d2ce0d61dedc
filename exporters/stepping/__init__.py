"""Networks that step, from their normal form to integers.

source     : a model in its normal form, held against the model itself
execution  : a network in float64, each layer alone where wanted
layers     : real constants of a layer as integers within 24 bits
integers   : a prepared network as an integer network: a plain function of floats
blocks     : SLAYER's blocks, integers already
replay     : the integer network layer by layer
agreement  : what integers cost, in spikes, classes and accuracy
conversion : all of it in order, from a torch module or a `Stepping`
twin       : the float twin of an integer network, a torch module
"""
