"""A sweep over epsilon as a picture: what is released, and what it tells at most."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from privai_tf.artifacts import Release
from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import ConfigurationError
from privai_tf.privacy.accounting.attackers import attacker_bound

if TYPE_CHECKING:
  import matplotlib.figure

# Blue and vermilion of Okabe and Ito's palette: told apart by everybody, in print too.
_BEFORE, _AFTER = "#0072B2", "#D55E00"


def plot_sweep(
  latents: np.ndarray, releases: Sequence[Release], boundary: Boundary
) -> "matplotlib.figure.Figure":
  """Draws the coordinate of each face before and after its release, for every epsilon.

  Not for publication: it shows what was to be hidden.

  Args:
    latents: float [N, d] or [N, L, d], as they were before.
    releases: of these, one an epsilon, in any order; N latents each.
    boundary: of the attribute that is hidden.

  Returns:
    The figure: `figure.savefig("sweep.png")`.

  Raises:
    ConfigurationError: if there is no release, or one is of other latents.
  """
  import matplotlib.figure

  if not releases or any(release.latents.shape != np.shape(latents) for release in releases):
    raise ConfigurationError("plot_sweep needs one release or more, each of all these latents.")
  releases = sorted(releases, key=lambda release: release.guarantee.epsilon)
  epsilons = [release.guarantee.epsilon for release in releases]
  before = _coordinate(boundary, latents)
  after = np.stack([_coordinate(boundary, release.latents) for release in releases], axis=1)
  figure = matplotlib.figure.Figure(figsize=(8, 3.4), layout="constrained")
  left, right = figure.subplots(1, 2)
  places = range(len(epsilons))
  for face, (was, became) in enumerate(zip(before, after, strict=True)):
    left.plot(places, became, "o-", color=_AFTER, alpha=0.6, label=None if face else "released")
    left.axhline(was, color=_BEFORE, linestyle=":", label=None if face else "before")
  left.set_ylabel(f"{boundary.name or 'attribute'}: latent units from the boundary")
  left.legend()
  bounds = [
    100 * attacker_bound(release.guarantee.epsilon, release.guarantee.delta) for release in releases
  ]
  right.plot(places, bounds, "s-", color=_BEFORE, label="at most, by epsilon")
  right.axhline(50, color="black", linestyle=":", label="blind guess")
  right.set_ylabel("an attacker's guess is right (%)")
  right.set_ylim(45, 102)
  right.legend()
  for axes in (left, right):
    axes.set_xticks(places, [f"{epsilon:g}" for epsilon in epsilons])
    axes.set_xlabel("epsilon of one release")
  return figure


def _coordinate(boundary: Boundary, latents: np.ndarray) -> np.ndarray:
  """Signed distance [N]; of W+, the mean over the layers."""
  found = np.asarray(boundary.coordinate(latents))
  return found.reshape(len(found), -1).mean(axis=1)
