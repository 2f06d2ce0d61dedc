"""A network file as a Process with the interface of lava-dl's `netx.hdf5.Network`.

hdf5    : the name under which lava-dl has it
process : the Process
models  : its model
table   : its layers as text
"""
