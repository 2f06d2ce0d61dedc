"""What a conversion did to a network.

layer_errors : where accuracy goes, layer by layer
reconversion : a network converted anew from what its file tells of its recipe
"""
