"""What works with which family of networks: every cell of the table is run, on tiny networks."""
