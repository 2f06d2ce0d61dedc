"""How true a conversion is to its source.

baseline    : what the source network itself says to samples
correlation : each layer's spikes beside the source's values
equivalence : whether the passes kept its function
figures     : what checks share
parts       : which value of the source each layer codes
picture     : what a notebook shows and a script saves
selfcheck   : how closely the integers follow it
"""
