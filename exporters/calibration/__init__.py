"""What samples tell: how data enter, how activations lie, and what makes up for coding errors.

samples    : what callers give, as arrays
grid       : the input's grid of integers
coding     : how samples enter the one-spike network
layers     : which maps a layer sums, which layers it reads
histograms : activations of a layer
moments    : mean and covariance of what linear maps read
codes      : normalisation constants and levels of each layer
regression : biases or weights that make up for the coding error
stored     : values of a layer on all samples, in a file
walk       : all of these layer by layer, in memory that does not grow with the data
"""
