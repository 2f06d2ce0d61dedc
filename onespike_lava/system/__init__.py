"""What has to do with the machine and nothing with networks.

tables   : as text and as HTML
files    : written beside and renamed, read with limits
progress : how far a long call is
bars     : the same, shown to a person
threads  : how many of them
jobs     : processes that work for a call, on this machine or a cluster
parts    : optional parts of the installation
kinds    : what a file is by its ending
names    : names that were meant
lazy     : public names, loaded when they are first used
"""
