"""What is compiled, once for all networks; it imports nothing but itself.

walk       : the compiled walk through a program
loops      : plain loops, one for each operation but `connect`
intrinsics : `connect` and other parts whose bodies are LLVM IR
tile       : that IR: dot products and what follows them
update     : that IR: one step of timed neurons
picking    : that IR: sums over live weights
winograd   : that IR: convolutions of 3x3 by tiles
decide     : the search for the phase that a potential reaches
code       : small parts of IR
operations : what a program is made of, a record for each operation
stepping   : those of networks that step
rows       : operations as rows of numbers, written and read
records    : what `connect` reads besides: blocks of channels and their segments
job        : what a run asks of the walk
"""
