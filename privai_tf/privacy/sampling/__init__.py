"""Exact samplers on integers, driven by the operating system's cryptographic generator.

No function here compares a float with a float: every probability is a ratio of integers, and a
draw has exactly the distribution that its name says. Arrays of 64-bit integers are used wherever
the numbers fit, Python's integers where they do not.

#### References
Canonne, Kamath and Steinke, "The Discrete Gaussian for Differential Privacy", NeurIPS 2020.
"""

from privai_tf.privacy.sampling.bernoulli import bernoulli_exp, keep_side, successes_exp1
from privai_tf.privacy.sampling.discrete_gaussian import discrete_gaussian
from privai_tf.privacy.sampling.discrete_laplace import discrete_laplace
from privai_tf.privacy.sampling.radial import radial_laplace
from privai_tf.privacy.sampling.source import SystemSource
from privai_tf.privacy.sampling.uniform import fair_bits, uniform_below

__all__ = [
  "SystemSource",
  "bernoulli_exp",
  "discrete_gaussian",
  "discrete_laplace",
  "fair_bits",
  "keep_side",
  "radial_laplace",
  "successes_exp1",
  "uniform_below",
]
