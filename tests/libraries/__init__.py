"""Imports held against the libraries themselves: `make test-libraries`.

They need Python 3.11 with SpikingJelly, snnTorch, Norse and sinabs, an environment of their own; in
any other they are skipped. What they show of neurons stands recorded for the rest of the suite.
"""
