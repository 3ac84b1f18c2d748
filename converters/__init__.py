"""NVIDIA's network pickles to our checkpoints: safe reader, conversion tables, parity check."""
