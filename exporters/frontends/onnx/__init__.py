"""Front end for ONNX files.

file   : a checked model becomes a graph
load   : files as checked models with all their data
sizes  : constants, and arithmetic on sizes
table  : which function reads which operator
layers : operators with a window or weights
shapes : operators that reshape, reduce, join or cut
moves  : operators that transpose, pick or enlarge
values : operators on single values
"""
