"""Networks that step, in the engines.

notes  : what a run is asked to keep besides scores and codes
loops  : engine reference, plain loops in Python's and NumPy's integers
arrays : engine numpy, vectorised
pools  : max pools and sums of trains, for engine numpy
"""
