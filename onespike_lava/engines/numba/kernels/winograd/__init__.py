"""Convolutions of 3x3 as products of tiles, a quarter of the multiplications, and still exact.

tables  : the transforms' numbers, and weights as the kernel reads them
emitter : the kernel as LLVM IR
"""
