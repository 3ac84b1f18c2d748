"""Audits: an empirical lower bound on epsilon from many releases, to be held against the claim.

    result = audit(prepare_audit("laplace", epsilon=1.0), samples=200_000, target="coordinate")
    result.lower_bound, result.claim        # 0.98, 1.0

An audit can show that a claim is wrong, never that it is right.
"""

from privai_tf.privacy.audit.auditing import TARGETS, AuditResult, audit
from privai_tf.privacy.audit.bounds import epsilon_lower_bound
from privai_tf.privacy.audit.exact import reachable_epsilon
from privai_tf.privacy.audit.frequencies import Frequencies, frequencies
from privai_tf.privacy.audit.neighbours import AuditedRelease, prepare_audit
from privai_tf.privacy.audit.shares import Shares, neighbour_shares, plot_shares

__all__ = [
  "TARGETS",
  "AuditResult",
  "AuditedRelease",
  "Frequencies",
  "Shares",
  "audit",
  "epsilon_lower_bound",
  "frequencies",
  "neighbour_shares",
  "plot_shares",
  "prepare_audit",
  "reachable_epsilon",
]
