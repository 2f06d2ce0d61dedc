"""Plans of networks that step.

trains  : what a plan of such a network has besides
passing : the input, max pools and sums
neurons : layers of timed neurons
tables  : their constants
"""
