"""Choice of `T`, `Q`, `T_w` and of any option of a conversion, by measuring a grid of them.

grid    : the points, cheapest first
search  : which point is next, and when enough is known
work    : what workers do for it
store   : results on disk as they come
records : what a line there holds
outcome : what was found, the best, the picture of it, and how to make it
"""
