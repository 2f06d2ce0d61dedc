"""NIR files of other tools, as networks that step.

read        : the graph as a network, and what was assumed for it
assumptions : what NIR does not say, and is asked for
graph       : nested graphs laid flat, ways between neurons
maps        : linear maps between neurons
readers     : linear nodes in a row as one map
euler       : neurons as one Euler step of their equations
weights     : real weights as int8
integers    : neurons in integers
"""
