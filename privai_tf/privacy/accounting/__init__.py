"""Privacy accounting: what releases cost, how much noise a target needs, what an attacker can reach.

    attacker_bound(1.0)                          # best accuracy against any epsilon = 1 release: 0.731
    gaussian_sigma(1.0, 1e-5)                    # 3.7306, in units of the sensitivity
    compose([event] * 10, delta=1e-5)            # epsilon of ten releases
    laplace_multiplier(1.0, 1e-5, releases=10)   # noise so that ten releases cost epsilon = 1

Noise is always in units of the sensitivity (`sigma / 2R`, `b / 2R`) and events are those of
`dp_accounting`; heavy packages are imported inside the functions that need them.
"""

from privai_tf.privacy.accounting.attackers import (
  attacker_bound,
  best_attacker,
  joint_bound,
  product_variation,
)
from privai_tf.privacy.accounting.calibration import (
  classic_multiplier,
  gaussian_multiplier,
  gaussian_sigma,
  laplace_multiplier,
  pure_epsilon,
)
from privai_tf.privacy.accounting.composition import compose, compose_delta, compose_rdp
from privai_tf.privacy.accounting.curves import (
  gaussian_delta,
  gaussian_epsilon,
  laplace_delta,
  laplace_epsilon,
)
from privai_tf.privacy.accounting.events import (
  PrivacyParameters,
  discrete_laplace_event,
  pure_event,
)
from privai_tf.privacy.accounting.l2_laplace import l2_laplace_delta, l2_laplace_epsilon
from privai_tf.privacy.accounting.pure import pure_composed, pure_delta

__all__ = [
  "PrivacyParameters",
  "attacker_bound",
  "best_attacker",
  "classic_multiplier",
  "compose",
  "compose_delta",
  "compose_rdp",
  "discrete_laplace_event",
  "gaussian_delta",
  "gaussian_epsilon",
  "gaussian_multiplier",
  "gaussian_sigma",
  "joint_bound",
  "l2_laplace_delta",
  "l2_laplace_epsilon",
  "laplace_delta",
  "laplace_epsilon",
  "laplace_multiplier",
  "product_variation",
  "pure_composed",
  "pure_delta",
  "pure_epsilon",
  "pure_event",
]
