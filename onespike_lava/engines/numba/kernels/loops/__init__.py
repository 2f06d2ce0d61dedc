"""Plain loops over a group of images, one for each operation but `connect` and `update`.

Each takes the arrays that it touches, the record of its operation (`operations`), and how many
images. `numbers` and `wide` are int32 views of the constants and the arena.

operate : which loop a row asks for
ends    : samples in, codes and scores out
grid    : values onto the input's grid
buffers : what a buffer holds, cut to a step, grown, counted
firing  : phases of neurons with thresholds of their own
pools   : max pools
trains  : of networks that step: samples, axons, sums, what is recorded, scores
neurons : a step of timed neurons with every setting
turns   : the order of steps and neurons
plain   : how the loops are compiled
"""
