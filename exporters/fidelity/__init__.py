"""How true a conversion is to its source.

baseline    : what the source network itself says to samples
equivalence : whether the passes kept its function
figures     : what checks share
selfcheck   : how closely the integers follow it
"""
