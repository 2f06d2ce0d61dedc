"""Sums over live weights: each output picks the inputs that it reads from a window of bytes.

forms   : which windows a kind of kernels has, and what the processor must have for it
emitter : the kernel as LLVM IR
"""
