"""What a conversion did to a network.

estimate     : what an export will take, before any work
layer_errors : where accuracy goes, layer by layer
reconversion : a network converted anew from what its file tells of its recipe
"""
