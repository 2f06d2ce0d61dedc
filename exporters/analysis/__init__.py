"""What a conversion did to a network.

baseline     : what the source network itself says to samples
layer_errors : where accuracy goes, layer by layer
reconversion : a network converted anew from what its file tells of its recipe
"""
