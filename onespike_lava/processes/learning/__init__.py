"""Learning in Lava: the rule of `onespike_lava.learning` as Processes, the same bit for bit.

plastic_conv : a convolution with shared weights that winners move
winners      : neurons of one spike, and which of them learn
dense        : a dense layer learns in Lava's own learning connection
loihi_rule   : the rule for Lava's own learning connection, and where it differs
run          : layers learn in Lava, each from spikes of those below it
"""
