"""Exact samplers on integers, driven by the operating system's cryptographic generator.

A draw has exactly the distribution that its name says: coins compare binary digits, as many as it
takes (`coins`), and where double precision decides (`reals`, `radial`) it does so only far from a tie,
and exact arithmetic does near one. The work of a draw does not depend on what comes out: ties, a
few in ten thousand draws, cost more, and whatever comes out is as likely after one.

#### References
Canonne, Kamath and Steinke, "The Discrete Gaussian for Differential Privacy", NeurIPS 2020.
"""

from privai_tf.privacy.sampling.coins import bernoulli_exp, keep_side
from privai_tf.privacy.sampling.discrete_gaussian import discrete_gaussian
from privai_tf.privacy.sampling.discrete_laplace import discrete_laplace, laplace_within
from privai_tf.privacy.sampling.geometric import geometric
from privai_tf.privacy.sampling.radial import radial_laplace
from privai_tf.privacy.sampling.source import SystemSource
from privai_tf.privacy.sampling.uniform import fair_bits, uniform_below

__all__ = [
  "SystemSource",
  "bernoulli_exp",
  "discrete_gaussian",
  "discrete_laplace",
  "fair_bits",
  "geometric",
  "keep_side",
  "laplace_within",
  "radial_laplace",
  "uniform_below",
]
