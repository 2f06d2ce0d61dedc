"""Networks trained on: from the integers of a conversion to better integers.

sending  : phase code as one function for autograd, straight through behind
sums     : weights and biases as the whole numbers of the file, within 24 bits and a fan-in
twin     : the integer network as a torch module that computes the same integers
pruning  : a bounded fan-in: the largest weights remain, and make up for the others
refit    : thresholds, levels and scales fitted anew to what the potentials have become
counting : the same of spike counts, layer by layer
teacher  : the source network, whose logits are learnt
plan     : how a network is fine-tuned, and what that gave
start    : the network, labels and samples that it begins with
run      : stages one after the other, resumable; the best network is kept
tuning   : the door, and the stages of one-spike networks
"""
