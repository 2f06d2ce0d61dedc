"""Plain loops over a group of images, one for each operation but `connect`.

Each takes the arrays that it touches, the record of its operation (`operations`), and how many
images. `numbers` and `wide` are int32 views of the constants and the arena.

operate : which loop a row asks for
ends    : samples in, codes and scores out
grid    : values onto the input's grid
buffers : what a buffer holds, cut to a step, grown, counted
firing  : phases of neurons with thresholds of their own
pools   : max pools
plain   : how the loops are compiled
"""
