"""Front end for torch modules.

fx      : a module, traced, becomes a graph
reading : the loop over a trace, which graph networks share
table   : which function reads which module, function or method
layers  : layers with weights or windows
moves   : transposes, picks, joins and enlargements
activations : ReLU and what pairs of neurons say
programs : programs of torch.export
values  : reshapes, slices, sums and clips
models  : modules and their results before and after tracing
weights : files of weights
factory : models named on the command line
"""
