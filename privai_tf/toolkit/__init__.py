"""What the latent-space commands do: samples, scores, edits, and the folders of their runs."""
