"""What is compiled, once for all networks.

records    : what planner and kernels exchange
walk       : the compiled walk through a program
operations : plain loops, one for each operation but `connect`
intrinsics : `connect` and other parts whose bodies are LLVM IR
tile       : that IR: dot products and what follows them
decide     : the search for the phase that a potential reaches
code       : small parts of IR
grid       : values onto the input grid
job        : what a run asks of the walk
"""
