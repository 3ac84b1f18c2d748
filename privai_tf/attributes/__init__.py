"""Attributes of a face as planes in latent space, and the classifiers that measure them."""
