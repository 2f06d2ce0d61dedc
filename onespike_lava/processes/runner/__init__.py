"""Lava runs that cannot hang.

together : all Processes of a network in one child
session  : a Process started, run in parts, and ended, whatever happens
patience : how long to wait for what
teardown : what is left is found and ended
children : operating-system processes bound to their parent
"""
