"""The epsilons and deltas that a guarantee can have at all."""

import math

from privai_tf.errors import ConfigurationError


def check_range(epsilon: float, delta: float) -> None:
  """Refuses an epsilon or delta that no mechanism can have.

  Args:
    epsilon: from 1e-6 to 500.
    delta: 0, or from 1e-100 to below 1.

  Raises:
    ConfigurationError: naming the value and the remedy.
  """
  if math.isnan(epsilon):
    raise ConfigurationError("epsilon is NaN (not a number): give a positive number such as 1.0.")
  if math.isinf(epsilon):
    raise ConfigurationError(
      f"epsilon is {epsilon} (infinite), which promises nothing: give a positive number such as 1.0."
    )
  if epsilon <= 0:
    raise ConfigurationError(
      f"epsilon is {epsilon}: no release that depends on its input is that private; give a positive "
      "number such as 1.0."
    )
  if not 1e-6 <= epsilon <= 500:
    raise ConfigurationError(
      f"epsilon is {epsilon}: only 1e-6 to 500 is supported (below, the output is pure noise; above, "
      "nothing is promised)."
    )
  if math.isnan(delta):
    raise ConfigurationError("delta is NaN (not a number): give 0, or a number such as 1e-5.")
  if delta < 0:
    raise ConfigurationError(f"delta is {delta}: it is a probability; give 0 or one such as 1e-5.")
  if delta >= 1:
    raise ConfigurationError(
      f"delta is {delta}: from 1 on (infinite included) nothing is promised; give one such as 1e-5."
    )
  if 0 < delta < 1e-100:
    raise ConfigurationError(
      f"delta is {delta}: below 1e-100 is not supported; give one such as 1e-12, or use laplace "
      "with delta 0."
    )
