"""Samples and labels: from files and arrays onto the input grid.

samples  : arrays and `.npz` files, checked
encoding : their values as integers of the input grid
misfit   : how samples of a wrong shape can be brought into the right one
npy      : NumPy's files, read with limits
rows     : rows of large files, read as they are needed
"""
