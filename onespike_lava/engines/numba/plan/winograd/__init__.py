"""Layers whose 3x3 convolution is computed by tiles.

tiling : which they are, their strips, their operation
"""
