"""Commands of `onespike` that read source networks."""
