"""Networks of spike counts, trained on layer by layer: progressive tandem learning.

Wu, Xu, Han, Zhou, Zhang, Li, Tan: "Progressive Tandem Learning for Pattern Recognition with Deep
Spiking Neural Networks", TPAMI 2021, arXiv:2007.01204.

recoding : a conversion's phases become spike counts, which is the primitive conversion
checks   : which networks are such of spike counts
firing   : the spikes of integrate-and-fire neurons over their steps
twin     : such a network as a torch module, of which the first layers spike
balance  : thresholds and constraints of layers whose turn has come
cache    : what layers that stay as they are send, kept for all samples
stages   : the layers begin to spike, one after the other
"""
