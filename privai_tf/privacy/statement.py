"""The sentences that every report, JSON and page shows: what is promised, and what is not.

Each of them has its proof or its measurement: the table in `docs/privacy.md` says where.
"""

import decimal
import math
from collections.abc import Mapping, Sequence

from privai_tf.privacy.accounting.attackers import attacker_bound
from privai_tf.privacy.figures import factor_up, number_up, percent_up
from privai_tf.privacy.mechanisms import mechanism_class
from privai_tf.privacy.resemblance import REST
from privai_tf.privacy.spec import PrivacySpec

# A boundary that is right less often on held-out faces leaves much of its attribute in the rest.
_WEAK = 0.9
_ANYONE = "against anyone who sees the published image, whatever else they know or compute"
_ALWAYS = (
  "Each further release of the same face that protects the same spends this again, and what is "
  "spent adds up.",
  "Choosing among several draws is not covered.",
  "File names, image sizes and the time a run took are not hidden, nor what others know already.",
)


def statement(
  spec: PrivacySpec,
  attributes: Sequence[str],
  latent_space: str,
  *,
  rest: str | None = None,
  typical_distance: float | None = None,
  epsilon: float | None = None,
  delta: float | None = None,
  unknown_origin: Sequence[str] | Mapping[str, float] = (),
  accuracies: Mapping[str, float] | None = None,
  bound: float | None = None,
  shares: Sequence[float] = (),
  faces: int = 1,
) -> str:
  """Says in words what one release promises.

  Args:
    spec: the guarantee asked for.
    attributes: names of the protected attributes (scope "attribute").
    latent_space: of the codes.
    rest: what was measured of the attribute in the rest, a sentence (scope "attribute").
    typical_distance: public median distance of two faces' codes (scope "metric").
    epsilon, delta: of the whole release, the noise of the rest included; None: those of `spec`.
    unknown_origin: attributes whose boundary states no checkpoint; may give each boundary's share of
      the codes' variance.
    accuracies: attributes' share of held-out codes (those with clear scores) on the right side, of
      those where it is known; None: nothing is said of it.
    bound: the best accuracy of any attacker, where it is less than epsilon alone allows.
    shares: what each attribute has of one epsilon that was divided among them.
    faces: from how many public faces one is put together (scope "image", `subset_selection`).

  Returns:
    Short sentences, public quantities only.
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
  epsilon = spec.total_epsilon if epsilon is None else epsilon
  delta = spec.delta if delta is None else delta
  bound = min(bound or 1.0, attacker_bound(epsilon, delta))
  if spec.scope == "attribute":
    sentences += _attribute(spec, attributes, latent_space, epsilon, delta, rest, bound, shares)
    sentences += _boundaries(attributes, unknown_origin, accuracies)
  elif spec.scope == "image":
    sentences += _image(spec, latent_space, epsilon, delta, bound, faces)
  else:
    sentences += _metric(spec, latent_space, typical_distance)
  return " ".join([*sentences, *_ALWAYS])


def _attribute(
  spec: PrivacySpec,
  attributes: Sequence[str],
  latent_space: str,
  epsilon: float,
  delta: float,
  rest: str | None,
  bound: float,
  shares: Sequence[float],
) -> list[str]:
  names = _listed([f"'{name}'" for name in attributes])
  many = len(attributes) > 1
  coordinates = "coordinates" if many else "coordinate"
  direction = "directions" if many else "direction"
  sentences = [
    f"Protected: the face's {coordinates} along the {names} {direction}, with "
    f"{_strength(spec, epsilon, delta)}, {_ANYONE}.",
    f"Between two faces that differ by a move along the public curve on which faces change with "
    f"{names} on average, every probability changes {_odds(epsilon, delta)}.",
    f"Through the {coordinates}, a yes-or-no fact that is even odds is guessed right at most "
    f"{percent_up(bound)} of the time.",
    *_shares(spec, attributes, epsilon, shares),
    *_decoded(spec, coordinates),
    "The rest of the face (the residual) is published with a little noise; what it says about "
    f"{names} is measured, not promised.",
    rest
    or (
      "How well the attribute can be guessed from the rest alone was not measured for this "
      "checkpoint; run python -m privai_tf.audit --rest."
    ),
    "Identity is not hidden.",
    "Nothing is promised about a second picture of the same face that hides something else.",
  ]
  if latent_space == "W+":
    sentences.append(
      "All layers share one released coordinate, the mean of theirs; their own are removed."
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


def _decoded(spec: PrivacySpec, coordinates: str) -> list[str]:
  """What is published in place of the mechanism's output."""
  if spec.decode == "sample":
    return [
      f"What is published is drawn from the public distribution of generated faces' {coordinates}, as "
      "far as it agrees with what the mechanism said; this takes nothing from the promise."
    ]
  if spec.decode == "mean":
    return [
      f"What is published is the average of generated faces' {coordinates} that agree with what the "
      "mechanism said; this takes nothing from the promise."
    ]
  return []


def _shares(
  spec: PrivacySpec, attributes: Sequence[str], epsilon: float, shares: Sequence[float]
) -> list[str]:
  """Who has how much of epsilon."""
  sentences = []
  if len(spec.epsilons) > 1 or shares:
    pairs = zip(attributes, shares or spec.epsilons, strict=True)
    sentences.append(
      f"Of this, {_listed([f'{name} has epsilon = {number_up(value)}' for name, value in pairs])}; "
      "what a direction shares with one named before it is protected with that one's."
    )
  if epsilon > spec.total_epsilon:
    coordinates = "coordinates" if len(attributes) > 1 else "coordinate"
    sentences.append(
      f"Of this, epsilon = {_total(spec)} is spent on the {coordinates}, the other part on the noise "
      "of the rest."
    )
  return sentences


def _boundaries(
  attributes: Sequence[str],
  unknown_origin: Sequence[str] | Mapping[str, float],
  accuracies: Mapping[str, float] | None,
) -> list[str]:
  sentences = []
  for name in unknown_origin:
    share = ""
    if isinstance(unknown_origin, Mapping):
      share = f", and its direction holds {100 * unknown_origin[name]:.2g}% of the codes' variance"
    sentences.append(
      f"The boundary of '{name}' is of unknown origin: its file does not name the checkpoint that it "
      f"was made for{share}."
    )
  for name in filter((accuracies or {}).__contains__, attributes):
    right = f"right on {math.floor(1000 * accuracies[name]) / 10:g}% of held-out faces"
    if accuracies[name] < _WEAK:
      sentences.append(
        f"The boundary of '{name}' is weak: it is {right}, and what it misses is not hidden."
      )
    else:
      sentences.append(f"The boundary of '{name}' is {right}.")
  silent = [f"'{name}'" for name in attributes if name not in (accuracies or {})]
  if silent and accuracies is not None:
    sentences.append(f"How often the boundary of {_listed(silent)} is right is not known.")
  return sentences


def _image(
  spec: PrivacySpec, latent_space: str, epsilon: float, delta: float, bound: float, faces: int
) -> list[str]:
  # What releases of any input, those without a face too, are called in a specification.
  if getattr(spec, "inputs", "any") == "any":
    neighbours = "any two inputs, with a face or without one,"
  else:
    neighbours = "any two photos in which a face is found"
  return [
    "Protected: the whole face as its latent code describes it, with "
    f"{_strength(spec, epsilon, delta)}, {_ANYONE}: {neighbours} could have led to it (local "
    "differential privacy).",
    f"Between the two, every probability changes {_odds(epsilon, delta)}.",
    "A yes-or-no fact about the photo that is even odds is guessed right at most "
    f"{percent_up(bound)} of the time.",
    *(
      _stand_in(spec, latent_space, faces)
      if mechanism_class(spec.mechanism).has_codebook
      else _directions(spec, latent_space)
    ),
  ]


def _directions(spec: PrivacySpec, latent_space: str) -> list[str]:
  return [
    *_decoded(spec, "codes"),
    "What lies outside the released directions is a public mean, and noise maps are public "
    "constants.",
    *_layers(spec, latent_space),
  ]


def _stand_in(spec: PrivacySpec, latent_space: str, faces: int) -> list[str]:
  """What is published in place of the face."""
  whose = f"chosen privately among {spec.codebook_size:,}; it is nobody's."
  sentences = [f"What is published is a face that the generator made up, {whose}"]
  if faces > 1:
    sentences = [
      f"What is published is put together from {faces} faces that the generator made up, each {whose}"
    ]
  if spec.resemble:
    weights = {**dict(spec.resemble), REST: dict(spec.resemble).get(REST, 1.0)}
    counts = _listed(
      [f"{name} ({number_up(weight)})" for name, weight in weights.items() if weight]
    )
    sentences.append(f"What counts as resemblance is public: {counts}.")
  sentences.append("Noise maps are public constants.")
  return [*sentences, *(["All layers share one code."] if latent_space == "W+" else [])]


def _metric(spec: PrivacySpec, latent_space: str, typical_distance: float | None) -> list[str]:
  epsilon = spec.epsilons[0]
  sentences = [
    "Protected: which of two similar faces the photo showed, in proportion to their distance "
    f"(d-privacy): {number_up(epsilon)} times the distance of their latent codes in place of "
    f"epsilon, {_ANYONE}.",
  ]
  if typical_distance is not None:
    there = number_up(epsilon * typical_distance, 3)
    sentences.append(
      f"Two faces are typically {number_up(typical_distance, 3)} apart, where this is epsilon = "
      f"{there}."
    )
  return [
    *sentences,
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


def _strength(spec: PrivacySpec, epsilon: float, delta: float) -> str:
  strength = f"epsilon = {_total(spec) if epsilon == spec.total_epsilon else number_up(epsilon)}"
  strength += f", delta = {number_up(delta)}" if delta else " (pure, delta = 0)"
  return f"{strength} by {mechanism_class(spec.mechanism).summary}"


def _total(spec: PrivacySpec) -> str:
  """The sum of what is printed for the epsilons: that of the floats may have many digits more."""
  return number_up(sum(decimal.Decimal(repr(value)) for value in spec.epsilons))


def _odds(epsilon: float, delta: float) -> str:
  return f"by at most a factor {factor_up(epsilon)}" + (
    f", plus {number_up(delta)}" if delta else ""
  )


def _listed(parts: Sequence[str]) -> str:
  return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
