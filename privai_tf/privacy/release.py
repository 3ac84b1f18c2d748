"""The release as a whole: latents in, private latents and their guarantee out.

    prepared = prepare(generator, boundary, spec, latent_space="W")
    encoded = prepared.encode(latents)       # the pair (a, r) on its grids: what is private
    latents = prepared.release(encoded)      # float32, a function of (a~, r~) alone

Neighbours of scope "attribute" are two codes that differ by moving along the public curve m(a), and
otherwise by at most `rho`: see `split` and `rest`.
"""

import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from privai_tf.artifacts import Release
from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import ConfigurationError, LatentSpaceError
from privai_tf.privacy.measured_rest import measured_rest
from privai_tf.privacy.plan import Plan, plan
from privai_tf.privacy.prepared import PreparedRelease
from privai_tf.privacy.public_codes import PublicCodes, sampled_codes
from privai_tf.privacy.public_figures import known_of_boundaries, typical_distance
from privai_tf.privacy.relation import Relation
from privai_tf.privacy.spec import PrivacySpec
from privai_tf.privacy.stand_ins import StandIns
from privai_tf.shapes import Codes

_MOST_PREPARED = 64
_PREPARED: "weakref.WeakKeyDictionary[Any, dict]" = weakref.WeakKeyDictionary()


def privatize(
  latents: Codes,
  generator: Any,
  boundary: Boundary | Sequence[Boundary] | None,
  spec: PrivacySpec,
  *,
  latent_space: str | None = None,
  public_codes: PublicCodes | None = None,
  synthesize: bool = False,
  simulation_stream: int | Sequence[str] = 0,
) -> Release:
  """Releases latents under a guarantee, each row on its own.

  Args:
    latents: [n, d] (W, Z) or [n, L, d] (W+); private.
    generator: the `Generator` that they are from.
    boundary: of the attribute to protect, or several; may be None for scopes "image" and "metric".
    spec: the guarantee asked for.
    latent_space: "Z", "W" or "W+", never guessed from a shape; None: the boundary's own.
    public_codes: of the release path that made the latents (see
      `privai_tf.inversion.public_codes`); None: the generator's own samples.
    synthesize: whether to generate the images too.
    simulation_stream: with a `noise_seed`, tells apart what would repeat the same noise: a batch's
      number, or n names, of which a row's noise is a function.

  Returns:
    Private latents, the guarantee of each, the event that each costs, images on request.

  Raises:
    ConfigurationError: if the guarantee cannot be given.
    InputError, LatentSpaceError: if latents or boundary cannot be used. Nothing is released then.
  """
  prepared = prepare(generator, boundary, spec, latent_space, public_codes)
  encoded = prepared.encode(latents)
  released = prepared.release(encoded, simulation_stream=simulation_stream)
  images = None
  if synthesize:
    images = generator.synthesize(released, latent_space=prepared.latent_space, noise="fixed")
  return Release(
    latents=released,
    latent_space=prepared.latent_space,
    guarantee=prepared.guarantee,
    event=prepared.event,
    relation=prepared.relation,
    images=images,
  )


def prepare(
  generator: Any,
  boundaries: Boundary | Sequence[Boundary] | None,
  spec: PrivacySpec,
  latent_space: str | None = None,
  public_codes: PublicCodes | None = None,
) -> PreparedRelease:
  """Calibrates a release; touches no private data. Kept for the next call with equal arguments.

  Args:
    generator: a `Generator`.
    boundaries: the attribute's boundary, or several; None where the scope needs none.
    spec: the guarantee asked for.
    latent_space: "Z", "W" or "W+"; None: the boundary's own, "W" or "Z".
    public_codes: of the release path, for scope "attribute"; None: the generator's own samples.

  Raises:
    ConfigurationError: if the guarantee cannot be given.
    LatentSpaceError, InputError: if a boundary does not fit.
  """
  if boundaries is None:
    boundaries = []
  boundaries = [boundaries] if isinstance(boundaries, Boundary) else list(boundaries)
  if latent_space is None:
    if not boundaries:
      raise ConfigurationError("Without a boundary, latent_space must be given: 'W', 'W+' or 'Z'.")
    latent_space = boundaries[0].latent_space
  if latent_space not in generator.latent_spaces:
    raise LatentSpaceError(
      f"The generator has no latent space {latent_space!r}; use one of "
      f"{', '.join(generator.latent_spaces)}."
    )
  code_shape = np.shape(generator.mean_latent(latent_space))
  for boundary in boundaries:
    boundary.require_space(latent_space, code_shape[-1])
    boundary.require_generator(getattr(generator, "fingerprint", None))
  kept = _PREPARED.setdefault(generator, {})
  # Boundaries and codes are compared by identity: they are frozen, and so are their arrays.
  key = (tuple(boundaries), spec, latent_space, public_codes)
  prepared = kept.get(key)
  if prepared is None:
    prepared = _prepare(generator, boundaries, spec, latent_space, code_shape, public_codes)
    if len(kept) >= _MOST_PREPARED:
      del kept[next(iter(kept))]
    kept[key] = prepared
  return prepared


def _prepare(generator, boundaries, spec, latent_space, code_shape, public) -> PreparedRelease:
  if spec.scope == "attribute" and public is None:
    public = sampled_codes(generator, latent_space, spec.calibration_count, spec.calibration_seed)
  if public is not None and (
    public.latent_space != latent_space or public.codes.shape[1:] != code_shape
  ):
    raise LatentSpaceError(
      f"The public codes are from {public.latent_space}, shape {list(public.codes.shape)}, and the "
      f"release is in {latent_space}, codes of shape {list(code_shape)}: make them anew."
    )
  layers = code_shape[0] if latent_space == "W+" else None
  planned = plan(generator, boundaries, spec, latent_space, layers, public)
  return PreparedRelease(
    spec=spec,
    latent_space=latent_space,
    code_shape=code_shape,
    layout=planned.layout,
    blocks=planned.blocks,
    rest=planned.rest,
    attributes=tuple(boundary.name for boundary in boundaries),
    relation=_relation(generator, boundaries, spec, latent_space, planned, public),
    known=_known(generator, boundaries, spec, latent_space, planned, public),
  )


def _known(generator, boundaries, spec, latent_space, planned: Plan, public) -> dict[str, Any]:
  """Public figures that the statement tells."""
  if spec.scope == "attribute":
    tied = spec.wplus_mode == "tied"
    rest = measured_rest(public, boundaries, tied=tied) if public.of_photos else None
    return {"rest": rest, **known_of_boundaries(boundaries, public)}
  if spec.scope == "metric":
    seeds = spec.calibration_count, spec.calibration_seed
    return {"typical_distance": typical_distance(generator, latent_space, planned.layout, *seeds)}
  if isinstance(planned.layout, StandIns):
    return {"faces": len(planned.blocks)}
  return {}


def _relation(generator, boundaries, spec, latent_space, planned, public) -> Relation:
  """What neighbours may differ in, as data."""
  common = {
    "scope": spec.scope,
    "checkpoint": str(getattr(generator, "fingerprint", None) or ""),
    "latent_space": latent_space,
    "inputs": spec.inputs,
  }
  if spec.scope != "attribute":
    nothing = np.zeros((0, 0))
    return Relation(release_path="", attributes=(), span=nothing, split="", rho=0.0, **common)
  return Relation(
    release_path=public.release_path,
    attributes=tuple(boundary.name for boundary in boundaries),
    span=planned.layout.basis,
    split=f"{planned.layout.form}:{public.digest}",
    rho=planned.rest.rho if planned.rest else 0.0,
    **common,
  )
