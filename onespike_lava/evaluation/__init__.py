"""What a network is worth on labelled data.

labels     : what samples are known to be
tally      : accuracy, after each step too, spikes and energy
sharding   : data in shards, on processes or a cluster
comparison : the first place where two runs differ
"""
