"""Passes that give planes another form: at the ends, by areas, in the layout of smaller ones.

ends   : the input as it comes from outside, neurons as the last layer, vectors as planes
areas  : average pools whose windows differ, as sums of convolutions
layout : what enlarges a plane, as channels of the plane that it enlarges
"""
