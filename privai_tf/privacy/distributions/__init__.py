"""Distributions that TensorFlow Probability lacks. Import late: they import TensorFlow."""
