"""The figures of a served release, for every epsilon that may be asked for, computed at export.

A server learns epsilon with the request, and the library calibrates in exact arithmetic that no
graph can hold. So the library's own plan is made once for an attribute, its mechanism is calibrated
at each of some hundred epsilons, and the graph looks up the nearest one that is not above what was
asked: never less noise than asked for, and at most 2.5% more.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import ConfigurationError
from privai_tf.privacy.mechanisms import Mechanism, make_mechanism, mechanism_class
from privai_tf.privacy.prepared import PreparedRelease
from privai_tf.privacy.public_codes import PublicCodes
from privai_tf.privacy.release import prepare
from privai_tf.privacy.rest import rest_cost
from privai_tf.privacy.spec import PrivacySpec
from privai_tf.serving.finite import ExtremalTables, StandInTables, extremal_tables

# Two significant digits are met exactly.
_MANTISSAS = np.concatenate(
  [np.arange(100, 200, 2), np.arange(200, 500, 5), np.arange(500, 1000, 10)]
)
_DECADES = range(-2, 2)
# Of them, for mechanisms whose tables take a while to make: steps of at most 10%.
_EVERY = 4
# What requests call the whole face, which has no attribute, in scope image.
WHOLE_FACE = "all"
_QUANTILE = 0.99


@dataclasses.dataclass(frozen=True, eq=False)
class Calibration:
  """One attribute's release at every epsilon that is served.

  Attributes:
    prepared: the library's release at one of the epsilons; what follows is what varies.
    epsilons: float32 [t], ascending.
    noise_scales: float64 [t], in latent units; NaN for mechanisms that add no noise.
    sensitivities: float64 [t], in latent units; NaN without clipping.
    tables: of mechanisms with few outputs; None for those that add noise.
  """

  prepared: PreparedRelease
  epsilons: np.ndarray
  noise_scales: np.ndarray
  sensitivities: np.ndarray
  tables: ExtremalTables | StandInTables | None = None

  @property
  def attribute(self) -> str:
    """What requests call it."""
    return self.prepared.attributes[0] if self.prepared.attributes else WHOLE_FACE

  @property
  def mechanism(self) -> Mechanism:
    """The mechanism at one of the epsilons."""
    return self.prepared.mechanism


def served_epsilons() -> np.ndarray:
  """float32 [t] from 0.01 to 100, ascending, steps of at most 2.5%."""
  grid = [mantissa * 10.0 ** (decade - 2) for decade in _DECADES for mantissa in _MANTISSAS]
  return np.array([*grid, 100.0], np.float32)


def calibrations(
  generator: Any,
  boundaries: Sequence[Boundary],
  spec: PrivacySpec,
  latent_space: str,
  public_codes: PublicCodes | None = None,
) -> list[Calibration]:
  """Calibrates each attribute's release on its own.

  Args:
    generator: a `Generator`.
    boundaries: one for each attribute that requests may name.
    spec: mechanism, delta and clipping, for scope "attribute", or `subset_selection` for scope
      "image"; its epsilon is not used.
    latent_space: "Z", "W" or "W+".
    public_codes: of the encoder that is served; None: the generator's own samples.

  Returns:
    One for each boundary, all with the same epsilons; in scope "image" one.

  Raises:
    ConfigurationError: for another scope, attributes of one name, or if no epsilon can be served.
  """
  kind = mechanism_class(spec.mechanism)
  if not spec.private or spec.scope != ("image" if kind.has_codebook else "attribute"):
    raise ConfigurationError(
      f"Mechanism {spec.mechanism} with scope {spec.scope} is not served: export with a private "
      "mechanism of scope attribute, or subset_selection of scope image."
    )
  if kind.has_codebook:
    return [_stand_ins(generator, boundaries, spec, latent_space)]
  if spec.decode != "raw" and not kind.needs_samples:
    raise ConfigurationError(
      f"Mechanism {spec.mechanism} with decode {spec.decode} is made for one epsilon, and a model "
      "server learns it with the request: export with decode raw, or use the gateway."
    )
  if spec.clip_quantile is None:  # One radius for all epsilons.
    spec = dataclasses.replace(spec, clip_quantile=_QUANTILE)
  names = [boundary.name for boundary in boundaries]
  if len(set(names)) < len(names):
    raise ConfigurationError(f"Attributes are named {', '.join(names)}: give each its own name.")
  epsilons = _possible(served_epsilons()[:: _EVERY if kind.needs_samples else 1], spec)
  return [
    _calibration(generator, boundary, spec, latent_space, epsilons, public_codes)
    for boundary in boundaries
  ]


def _possible(epsilons: np.ndarray, spec: PrivacySpec) -> np.ndarray:
  """Those that the mechanism can have at all (gaussian_classic: up to 1)."""
  possible = []
  for epsilon in epsilons:
    try:
      dataclasses.replace(spec, epsilon=float(epsilon))
    except ConfigurationError:
      continue
    possible.append(epsilon)
  if not possible:
    raise ConfigurationError(
      f"Mechanism {spec.mechanism} serves no epsilon from {epsilons[0]:g} to {epsilons[-1]:g}; "
      "choose another."
    )
  return np.array(possible, np.float32)


def _calibration(
  generator: Any,
  boundary: Boundary,
  spec: PrivacySpec,
  latent_space: str,
  epsilons: np.ndarray,
  public_codes: PublicCodes | None,
) -> Calibration:
  one = dataclasses.replace(spec, epsilon=float(epsilons[0]))
  prepared = prepare(generator, boundary, one, latent_space, public_codes)
  parameters = {
    field.name: getattr(prepared.mechanism.parameters, field.name)
    for field in dataclasses.fields(prepared.mechanism.parameters)
  }
  mechanisms = [
    make_mechanism(
      spec.mechanism, **{**parameters, "epsilon": _own_share(prepared, float(epsilon))}
    )
    for epsilon in epsilons
  ]
  return Calibration(
    prepared=prepared,
    epsilons=epsilons,
    noise_scales=_figures(mechanisms, "noise_scale"),
    sensitivities=_figures(mechanisms, "sensitivity"),
    tables=extremal_tables(mechanisms, sample=spec.decode == "sample")
    if mechanisms[0].needs_samples
    else None,
  )


def _stand_ins(
  generator: Any, boundaries: Sequence[Boundary], spec: PrivacySpec, latent_space: str
) -> Calibration:
  """Whole faces: up to the epsilon from which on several of them are put together."""
  found: list[PreparedRelease] = []
  for epsilon in served_epsilons()[::_EVERY]:
    one = dataclasses.replace(spec, epsilon=float(epsilon))
    prepared = prepare(generator, boundaries, one, latent_space)
    if len(prepared.blocks) > 1:
      break
    found.append(prepared)
  mechanisms = [prepared.mechanism for prepared in found]
  nothing = np.full(len(found), np.nan)
  return Calibration(
    prepared=dataclasses.replace(found[0], attributes=()),
    epsilons=np.array([prepared.spec.epsilon for prepared in found], np.float32),
    noise_scales=nothing,
    sensitivities=nothing,
    tables=StandInTables(found[0].layout, mechanisms),
  )


def _own_share(prepared: PreparedRelease, epsilon: float) -> float:
  """What a release's mechanism has of its epsilon; the rest costs a little too."""
  return epsilon if prepared.rest is None else epsilon - rest_cost(epsilon)


def _figures(mechanisms: Sequence[Mechanism], name: str) -> np.ndarray:
  values = [getattr(mechanism, name) for mechanism in mechanisms]
  return np.array([np.nan if value is None else value for value in values], np.float64)
