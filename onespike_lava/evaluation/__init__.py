"""What a network is worth on labelled data.

tally      : accuracy, spikes and energy
steps      : accuracy after each step
sharding   : data in shards, on processes or a cluster
comparison : the first place where two runs differ
"""
