"""What samples tell: how data enter, how activations lie, and what makes up for coding errors.

samples    : what callers give, as arrays
grid       : the input's grid of integers
coding     : how samples enter the one-spike network
histograms : activations, in memory that does not grow with the data
moments    : mean and covariance of what linear maps read
codes      : normalisation constants and levels of each layer
correction : biases or weights that make up for the coding error
"""
