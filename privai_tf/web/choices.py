"""What somebody chooses on the page, each choice with one plain sentence."""

import dataclasses

from privai_tf.jobs.presets import PRESETS
from privai_tf.privacy.mechanisms import default_decode, default_mechanism, mechanism_class
from privai_tf.privacy.spec import PrivacySpec

WHOLE_FACE = "the whole face"
# Nearly logarithmic. Fixed, so that what each of them needs is computed once, before it is asked for.
_LADDER = (0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
_USUAL = 1.0
_SPREAD = 2  # Steps of the ladder between two epsilons of a strip.
STRIP = 5

_LIKENESS = PRESETS["likeness"]
# Purely epsilon-private ones, so that nobody has to be told what a delta is; but for a face that was
# searched: pure noise on the thousands of numbers of its code would be seen.
MECHANISMS = {
  "extremal": "Names one of a few typical values, likelier one near yours. Spoils the picture least.",
  "laplace": "Adds random noise to the value. The classic; the same protection costs more.",
  "randomized_response": "Keeps no more than yes or no, and says the wrong one now and then.",
  "subset_selection": (
    "Exchanges the face for one that the generator made up, likelier one that resembles yours."
  ),
  "gaussian": "Adds normal noise to the value. Needs a delta, and spares all else in the face.",
  "l2_laplace": "Adds random noise to everything in the face at once; little of it is left.",
}
_OFFERED = {
  "attribute": ("extremal", "laplace", "randomized_response"),
  "image": ("subset_selection", "l2_laplace"),
}
DECODINGS = {
  "sample": "Draws a natural value that agrees with it: looks as varied as faces do.",
  "value": "Publishes the named value itself: nearest on average, but a bit average for everybody.",
  "raw": "Publishes the mechanism's answer as it is; of noise, that may look exaggerated.",
  "mean": "Publishes the most plausible value: cautious, and rather average.",
}
_HIDDEN = {
  "age": "young or old",
  "eyeglasses": "with glasses or without",
  "gender": "a woman's or a man's face",
  "pose": "turned to the left or to the right",
  "smile": "smiling or not",
}
# Where the demo's boundaries and those of InterFaceGAN agree on which side is which.
_ENDS = {
  "age": ("younger", "older"),
  "eyeglasses": ("no glasses", "glasses"),
  "gender": ("one side", "the other side"),
  "pose": ("one side", "the other side"),
  "smile": ("no smile", "big smile"),
}
_FIRST = "smile"


@dataclasses.dataclass(frozen=True)
class Choice:
  """What is to be hidden, how, and how strongly.

  Attributes:
    hidden: an attribute's name, or `WHOLE_FACE`.
    epsilon: above 0.
    mechanism, decode: see `PrivacySpec`; None: what is best for what is hidden.
    likeness: whether the face's code was searched until the person was found; then what
      `--preset=likeness` advises is best.
  """

  hidden: str
  epsilon: float
  mechanism: str | None = None
  decode: str | None = None
  likeness: bool = False

  @property
  def scope(self) -> str:
    """ "attribute" or "image"."""
    return "image" if self.hidden == WHOLE_FACE else "attribute"

  @property
  def mechanisms(self) -> tuple[str, ...]:
    """Those on offer, the best one first."""
    return (_LIKENESS.mechanism,) if self.likeness else _OFFERED[self.scope]

  @property
  def spec(self) -> PrivacySpec:
    """The guarantee asked for; what another scope's mechanism left behind does not count."""
    mechanism = self.mechanism
    if mechanism not in self.mechanisms:
      mechanism = _LIKENESS.mechanism if self.likeness else default_mechanism(self.scope)
    decode = self.decode
    if decode not in decodings_of(mechanism):
      decode = _LIKENESS.decode if self.likeness else default_decode(mechanism)
    return PrivacySpec(
      mechanism=mechanism,
      scope=self.scope,
      epsilon=self.epsilon,
      delta=_LIKENESS.delta if self.likeness else 0.0,
      decode=decode,
      inputs="faces" if self.scope == "image" else "any",  # Without a face nothing is released.
    )


def decodings_of(mechanism: str) -> tuple[str, ...]:
  """What may be made of a mechanism's answers, the default first."""
  usual, others = default_decode(mechanism), mechanism_class(mechanism).decodings
  return (usual, *(name for name in others if name != usual))


def ladder(largest: float) -> tuple[float, ...]:
  """The epsilons on the slider, from strong to weak.

  Args:
    largest: epsilon that may be chosen, above 0.

  Returns:
    Ascending, at least one.
  """
  return tuple(value for value in _LADDER if value <= largest) or (largest,)


def usual_position(epsilons: tuple[float, ...]) -> int:
  """Where the slider stands at first.

  Args:
    epsilons: from `ladder`.
  """
  return epsilons.index(_USUAL) if _USUAL in epsilons else len(epsilons) - 1


def strip_of(epsilons: tuple[float, ...], position: int) -> list[float]:
  """The epsilons of a strip of previews: around one, from left to right; it is always among them.

  Args:
    epsilons: from `ladder`.
    position: of the chosen one among them, from 0.

  Returns:
    Ascending, `STRIP` at most.
  """
  reach = _SPREAD * (STRIP // 2)
  last = len(epsilons) - 1 - 2 * reach
  first = max(0, min(position - reach, last))
  if (position - first) % _SPREAD:  # Near an end: the chosen one must be among them all the same.
    first += 1 if first < last else -1
  row = epsilons[max(0, first) : first + 2 * reach + 1 : _SPREAD]
  return sorted({*row, epsilons[position]})


def usual_hidden(offered: list[str]) -> str:
  """What is chosen at first."""
  return _FIRST if _FIRST in offered else offered[0]


def ends(hidden: str) -> tuple[str, str]:
  """What lies at the two ends of an attribute's axis: where it is absent, and where it is present."""
  return _ENDS.get(hidden, (f"less {hidden}", f"more {hidden}"))


def question(hidden: str) -> str:
  """The yes-or-no question that an attribute is about."""
  return _HIDDEN.get(hidden.partition("_c_")[0], f"{hidden} or not")


def described(hidden: str) -> str:
  """What it means to hide it, in one sentence."""
  if hidden == WHOLE_FACE:
    return "Another face takes its place: one that nobody has. Only a likeness may remain."
  what = _HIDDEN.get(hidden.partition("_c_")[0])
  told = f" ({what})" if what else ""
  return f"Only the {hidden}{told} is hidden. Everything else about the face stays as it is."
