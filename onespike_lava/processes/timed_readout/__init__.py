"""Output neurons of networks that step as a Lava Process."""
