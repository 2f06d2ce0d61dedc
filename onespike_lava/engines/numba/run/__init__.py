"""A program at work.

runs    : samples in blocks, each shared among threads
workers : the threads
sparse  : sums over the rows of a sparse synapse
"""
