"""Attribute scorers: images -> how strongly attributes are present.

Whatever made it (NVIDIA's classifiers, one that a user trained, the demo's), a scorer is a `Scorer`.
"""
