"""`.net` files in Lava with the interface of lava-dl: `hdf5.Network`."""
