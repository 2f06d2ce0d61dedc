"""An exact convolution as a Lava Process."""
