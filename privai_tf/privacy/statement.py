"""The sentence that every report, JSON and page shows: what is promised, and what is not."""

import math
from collections.abc import Sequence

from privai_tf.privacy.accounting.attackers import attacker_bound
from privai_tf.privacy.mechanisms import mechanism_class
from privai_tf.privacy.spec import PrivacySpec

_REPEAT = "Each further release of the same face spends the same again."
_ALWAYS_VISIBLE = (
  "File names, image sizes and the time a run took are not hidden, nor what others know already."
)


def statement(spec: PrivacySpec, attributes: Sequence[str], latent_space: str) -> str:
  """Says in words what one release promises.

  Args:
    spec: the guarantee asked for.
    attributes: names of the protected attributes (scope "attribute").
    latent_space: of the codes.

  Returns:
    A few sentences, public quantities only.
  """
  if not mechanism_class(spec.mechanism).private:
    return (
      f"NOT PRIVATE. {spec.mechanism} clips the noise instead of the coordinate, which bounds "
      "nothing: the original coordinate can be read from most outputs. It is here for comparison "
      "only; nothing is promised, whatever epsilon it was asked for."
    )
  sentences = []
  if spec.noise_seed is not None:
    sentences.append(
      "NOT PRIVATE: a simulation with seeded floating-point noise, which can be computed again and "
      "taken off. Without the seed, the same settings would promise the following."
    )
  promise = {"attribute": _attribute, "image": _image, "metric": _metric}[spec.scope]
  sentences += promise(spec, attributes, latent_space)
  return " ".join([*sentences, _REPEAT, _ALWAYS_VISIBLE])


def _attribute(spec: PrivacySpec, attributes: Sequence[str], latent_space: str) -> list[str]:
  names = _listed([f"'{name}'" for name in attributes])
  many = len(attributes) > 1
  what = f"the face's {'coordinates' if many else 'coordinate'} along the {names} "
  what += "directions" if many else "direction"
  sentences = [
    f"Protected: {what}, with {_strength(spec)}, against anyone who sees the published image, "
    "whatever else they know or compute.",
    _odds(spec, "the coordinates" if many else "the coordinate"),
  ]
  if len(spec.epsilons) > 1:
    shares = zip(attributes, spec.epsilons, strict=True)
    sentences.append(
      f"Of this, {_listed([f'{name} has epsilon = {value:g}' for name, value in shares])}; what a "
      "direction shares with one named before it is protected with that one's."
    )
  sentences.append(
    "Not promised: that the rest of the face hides the attribute. The residual, everything outside "
    f"{'these directions' if many else 'this direction'}, is published as it is, and what in it "
    "goes along with the attribute can still give it away; identity is not hidden."
  )
  if latent_space == "W+":
    sentences.append(
      "All layers share one released coordinate, the mean of theirs; the layers' residuals are "
      "published as they are."
      if spec.wplus_mode == "tied"
      else "Every layer's coordinate is protected, all of them together."
    )
  if spec.noise_maps_optimized:
    sentences.append(
      "Noise maps found by inversion are published as they are and count as residual."
    )
  if spec.pasted_back:
    sentences.append(
      "The frame around the face is the original one and is published as it is, with every other "
      "face in it that was not privatized as well."
    )
  return sentences


def _image(spec: PrivacySpec, attributes: Sequence[str], latent_space: str) -> list[str]:
  return [
    f"Protected: the whole face as its latent code describes it, with {_strength(spec)}, against "
    "anyone who sees the published image, whatever else they know or compute: any two photos could "
    "have led to it (local differential privacy).",
    _odds(spec, "the photo"),
    "What lies outside the released directions is a public mean, and noise maps are public "
    "constants.",
    *_layers(spec, latent_space),
  ]


def _metric(spec: PrivacySpec, attributes: Sequence[str], latent_space: str) -> list[str]:
  return [
    "Protected: which of two similar faces the photo showed, in proportion to their distance "
    f"(d-privacy): {spec.epsilons[0]:g} times the distance of their latent codes in place of "
    "epsilon, against anyone who sees the published image, whatever else they know or compute.",
    "Not promised: anything about faces that are far apart; this is not a plain epsilon and must "
    "not be compared with one.",
    "Distances are between codes on the public grid of 2^-16 latent units.",
    *_layers(spec, latent_space),
  ]


def _layers(spec: PrivacySpec, latent_space: str) -> list[str]:
  if latent_space != "W+":
    return []
  if spec.wplus_mode == "tied":
    return ["All layers share one released code, made from the mean of theirs."]
  return ["Every layer's code is protected, all of them together."]


def _strength(spec: PrivacySpec) -> str:
  total = spec.total_epsilon
  strength = f"epsilon = {total:g}"
  strength += f", delta = {spec.delta:g}" if spec.delta else " (pure, delta = 0)"
  return f"{strength} by {mechanism_class(spec.mechanism).summary}"


def _odds(spec: PrivacySpec, what: str) -> str:
  total = spec.total_epsilon
  bound = attacker_bound(total, spec.delta)
  failure = f", but for a probability of {spec.delta:g}" if spec.delta else ""
  return (
    f"Through {what}, no conclusion becomes more than {_factor(total)} times as likely or as "
    f"unlikely{failure}, and a yes-or-no fact that is even odds is guessed right at most "
    f"{percent(bound)} of the time."
  )


def percent(share: float) -> str:
  """A share in percent with one digit, or with as many as keep what is below 100% apart from it."""
  text = f"{100 * share:.1f}%"
  return text if text != "100.0%" or share == 1 else f"{100 * share:.4g}%"


def _factor(epsilon: float) -> str:
  if epsilon >= 20:
    return f"e^{epsilon:g}"
  # Three digits, rounded up: "no more than" must stay true.
  digit = 10.0 ** (math.floor(epsilon / math.log(10)) - 2)
  factor = math.ceil(math.exp(epsilon) / digit) * digit
  return f"{factor:g}" if factor < 1000 else f"{factor:,.0f}"


def _listed(parts: Sequence[str]) -> str:
  return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
