"""What two neighbours of a guarantee may differ in, as data: the object that an epsilon is about.

Epsilons of two releases say nothing together unless they are about the same neighbours. Hide smile at
0.05 and then age at 0.05: the second release publishes in its rest what the first one hid. So every
charge carries its relation, and releases of one person are added up only where the later relation
`covers` every earlier one.
"""

import base64
import dataclasses
import functools
import hashlib
import json
import math
from typing import Any

import numpy as np

from privai_tf.errors import ConfigurationError

SCOPES = ("attribute", "image", "metric")
INPUTS = ("any", "faces")
# Spans are computed in float64 from the same files, which repeats them to about 1e-15; boundaries
# that were trained anew differ by 1e-2 and more. What two codes can differ by at this tolerance,
# 1e-7 of their distance, is below a float32 code's own rounding, which `rho` covers.
SPAN_TOLERANCE = 1e-7
_ORTHONORMAL_TOLERANCE = 1e-6


@dataclasses.dataclass(frozen=True, eq=False)
class Relation:
  """The neighbours of one guarantee; equal if every field is.

  Attributes:
    scope: "attribute", "image" or "metric".
    checkpoint: the generator's fingerprint.
    release_path: digest of what turns a photo into a code (encoder, search settings, input type).
    latent_space: "Z", "W" or "W+"; "" where an old ledger does not say.
    attributes: names, in the order in which they are protected.
    span: float64 [d, k], orthonormal columns in that order; [0, 0] for scopes image and metric.
    split: digest of the public calibration that the curves m(a) were fitted from, after its form:
      "linear:..." or "curve:..."; "" for scopes image and metric, and where nobody knows.
    rho: what neighbours may differ by otherwise, in latent units, at least 0.
    inputs: "any" (scope image: any two inputs) or "faces" (any two photos with a face).
  """

  scope: str
  checkpoint: str
  release_path: str
  latent_space: str
  attributes: tuple[str, ...]
  span: np.ndarray
  split: str
  rho: float
  inputs: str

  def __post_init__(self):
    span = np.array(self.span, np.float64, order="C")
    span.setflags(write=False)
    object.__setattr__(self, "span", span)
    object.__setattr__(self, "attributes", tuple(self.attributes))
    object.__setattr__(self, "rho", float(self.rho))
    if self.scope not in SCOPES or self.inputs not in INPUTS:
      raise ConfigurationError(
        f"relation of scope {self.scope!r}, inputs {self.inputs!r}: scopes are {', '.join(SCOPES)}, "
        f"inputs {', '.join(INPUTS)}"
      )
    if self.latent_space not in ("Z", "W", "W+", "") or not (
      math.isfinite(self.rho) and self.rho >= 0
    ):
      raise ConfigurationError(
        f"relation of latent space {self.latent_space!r}, rho {self.rho}: spaces are Z, W, W+, and "
        "rho is a distance"
      )
    self._check_span()

  def _check_span(self) -> None:
    known = self.split.startswith(("linear:", "curve:"))
    if self.split and not known:
      raise ConfigurationError(f"split {self.split!r}: begins with linear: or curve:")
    if known != (self.scope == "attribute" and self.span.size > 0):
      raise ConfigurationError("scope attribute has a span and a split, other scopes have neither")
    gram = self.span.T @ self.span if self.span.ndim == 2 else np.full((1, 1), np.nan)
    if not np.abs(gram - np.eye(len(gram))).max(initial=0.0) <= _ORTHONORMAL_TOLERANCE:
      raise ConfigurationError(
        f"a relation's span of shape {self.span.shape} must be [d, k] with orthonormal columns"
      )

  @classmethod
  def unknown_attribute(cls) -> "Relation":
    """Of a release in scope attribute whose directions were not recorded (old ledgers)."""
    return cls("attribute", "", "", "", (), np.zeros((0, 0)), "", 0.0, "any")

  @classmethod
  def unknown_image(cls) -> "Relation":
    """Of a release in scope image of which nothing else was recorded; it stated "any two photos"."""
    return cls("image", "", "", "", (), np.zeros((0, 0)), "", 0.0, "any")

  def covers(self, earlier: "Relation") -> bool:
    """Whether neighbours of `earlier` are neighbours here, so that its promise holds on.

    Then a release under this relation changes no probability by more than its own e^epsilon for
    `earlier`'s neighbours too, and epsilons add up to a promise about `earlier`'s.

    - image, "any": all pairs of inputs are neighbours, which covers everything. "faces": all pairs
      of photos with a face; neighbours of scope attribute have one (they have a code), those of
      image/"any" need not.
    - attribute never covers image: its rest publishes what image hid.
    - metric: its epsilon is one for each unit of distance, and adds to nothing.
    - attribute after attribute: only codes of one release path, space and checkpoint compare at
      all, only splits of one calibration, and `rho` must not shrink. Then:
      * linear, m(a) = S a with S = C Q (Q^T C Q)^-1: if the later span holds the earlier one,
        Q1 = Q2 M, then S1 = C Q2 M A (A regular) and S2 Q2^T S1 = C Q2 (Q2^T C Q2)^-1 Q2^T C Q2 M A
        = S1. Two codes that differ by S1 t have the same later rest:
        (I - S2 Q2^T) S1 t = 0. So any basis of a larger span will do.
      * curves are fitted one after another, each on the rest that those before it leave. If the
        earlier directions are a prefix, r2 = r1 - m_{2|1}(q2^T r1) is a function of r1: codes
        that share r1 share r2. In another order the later r is no function of r1, and it fails.
    """
    if "metric" in (self.scope, earlier.scope):
      return False
    if self.scope == "image":
      return earlier.scope == "attribute" or self.inputs == "any" or earlier.inputs == "faces"
    if earlier.scope == "image" or not (self.split and earlier.split):
      return False
    return self._same_codes(earlier) and self.rho >= earlier.rho and self._holds(earlier.span)

  def _same_codes(self, earlier: "Relation") -> bool:
    names = ("checkpoint", "release_path", "latent_space", "split")
    return all(getattr(self, name) == getattr(earlier, name) for name in names)

  def _holds(self, span: np.ndarray) -> bool:
    """Whether the span contains an earlier one, for curves as a prefix; within `SPAN_TOLERANCE`."""
    if span.shape[0] != self.span.shape[0] or span.shape[1] > self.span.shape[1]:
      return False
    if self.split.startswith("linear:"):
      # The sine of the largest principal angle between the earlier span and its projection.
      left = span - self.span @ (self.span.T @ span)
      return bool(np.linalg.norm(left, 2) <= SPAN_TOLERANCE)
    apart = np.linalg.norm(span - self.span[:, : span.shape[1]], axis=0)
    return bool(apart.max() <= SPAN_TOLERANCE)

  def describe(self) -> str:
    """One phrase for messages."""
    if self.scope != "attribute":
      return f"scope {self.scope} ({'any two inputs' if self.inputs == 'any' else 'faces'})"
    if not self.split:
      return "scope attribute, directions not recorded"
    return (
      f"attribute {','.join(self.attributes)} ({self.latent_space}, {self.span.shape[1]} "
      f"direction{'s' if self.span.shape[1] > 1 else ''}, checkpoint {self.checkpoint[:12]})"
    )

  def to_json(self) -> str:
    """Canonical JSON, without loss."""
    content = dataclasses.asdict(self) | {
      "attributes": list(self.attributes),
      "span": base64.b64encode(self.span.astype("<f8").tobytes()).decode(),
      "span_shape": list(self.span.shape),
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)

  @classmethod
  def from_json(cls, text: str) -> "Relation":
    """Inverse of `to_json`.

    Raises:
      ConfigurationError: if it is none.
    """
    try:
      content = json.loads(text)
      values = np.frombuffer(base64.b64decode(content["span"], validate=True), "<f8")
      content["span"] = values.reshape(content.pop("span_shape")).astype(np.float64)
      return cls(**content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
      raise ConfigurationError(f"not a relation: {error}") from error

  def summary(self) -> dict[str, Any]:
    """What published files say of it; the span as its SHA-256."""
    return {
      "scope": self.scope,
      "checkpoint": self.checkpoint,
      "release_path": self.release_path,
      "latent_space": self.latent_space,
      "attributes": list(self.attributes),
      "directions": self.span.shape[1],
      "span_sha256": hashlib.sha256(self.span.astype("<f8").tobytes()).hexdigest(),
      "split": self.split,
      "rho": self.rho,
      "inputs": self.inputs,
    }

  @functools.cached_property
  def digest(self) -> str:
    """SHA-256 of the canonical JSON, hex."""
    return hashlib.sha256(self.to_json().encode()).hexdigest()

  def __eq__(self, other: object) -> bool:
    return isinstance(other, Relation) and self.digest == other.digest

  def __hash__(self) -> int:
    return hash(self.digest)
