"""Choice of `T`, `Q`, `T_w` and of any option of a conversion, by measuring a grid of them."""
