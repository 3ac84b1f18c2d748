"""Attackers: who guesses a yes-or-no attribute of a face from its release. One a file, by name."""

from privai_tf.errors import ConfigurationError
from privai_tf.evaluation.attackers.base import Attacker, Known, Observed
from privai_tf.evaluation.attackers.bayes import Bayes
from privai_tf.evaluation.attackers.boosting import Averaging, Boosting, Reinverting
from privai_tf.evaluation.attackers.fixed import Fixed, FixedNetwork
from privai_tf.evaluation.attackers.linear import Linear
from privai_tf.evaluation.attackers.majority import Majority
from privai_tf.evaluation.attackers.network import Network
from privai_tf.evaluation.attackers.two_sided import TwoSided

__all__ = ["ATTACKERS", "Attacker", "Known", "Observed", "make_attacker"]

ATTACKERS = {
  attacker.name: attacker
  for attacker in (
    Majority,
    Fixed,
    FixedNetwork,
    Linear,
    Boosting,
    Network,
    Reinverting,
    Averaging,
    TwoSided,
    Bayes,
  )
}


def make_attacker(name: str, known: Known, seed: int = 0) -> Attacker:
  """The attacker of a name.

  Args:
    name: one of `ATTACKERS`.
    known: what is public about the release.
    seed: of its weights and its training.

  Raises:
    ConfigurationError: naming those that there are.
  """
  if name not in ATTACKERS:
    raise ConfigurationError(f"No attacker '{name}': use one of {', '.join(ATTACKERS)}.")
  return ATTACKERS[name](known, seed)
