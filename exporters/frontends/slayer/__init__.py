"""Front end for networks of SLAYER's CUBA blocks, whose weights and states are integers already.

Lava-dl is not imported: blocks are known by the names of their classes. What is read is what a
plain lava-dl file would hold.

blocks  : one block as a layer of such a file
reading : the blocks of a module in the order in which they call one another
"""
