"""Where the search starts: at the mean code, a random one, or an encoder's answer."""

import dataclasses

import numpy as np

from privai_tf.errors import ConfigurationError
from privai_tf.generators.codes import random_labels
from privai_tf.inversion.encoder import Encoder, find_encoder
from privai_tf.inversion.faceres import FETCHED_BY, faceres_at_hand
from privai_tf.inversion.given_encoder import given_encoder
from privai_tf.inversion.spec import InversionSpec
from privai_tf.inversion.statistics import latent_statistics
from privai_tf.runtime.files import shown
from privai_tf.shapes import Codes, Images

_COMPARED = 32  # Candidates are compared on thumbnails of at most this side.
_STEPS = 200
_STEPS_WITH_ENCODER = 50
# Where photos of real people are to be recognized: a code a layer, a longer search, and the face first.
_LIKENESS = {"mobilestylegan": ("W+", 120)}
_FACE_WEIGHT, _IDENTITY_WEIGHT, _DRAFT_SIDE = 5.0, 2.0, 128


def decided(spec: InversionSpec, generator) -> InversionSpec:
  """The specification with all that depends on the generator decided: space, start and steps.

  Args:
    spec: the settings.
    generator: a `privai_tf.Generator`.

  Returns:
    The same with a latent space, an `init` other than "auto", and a number of steps.

  Raises:
    ConfigurationError: if `spec.init` is "encoder" and there is none for the space, if the encoder
      that is given is not for this generator, or if there are to be no steps after another start.
    CheckpointError: if there is one, but damaged or of another generator.
  """
  spec = with_space(spec, generator)
  spec = _with_likeness(spec, generator)
  init = spec.init
  if init in ("auto", "encoder"):
    if encoder_for(spec, generator):
      init = "encoder"
    elif spec.encoder is not None:
      raise ConfigurationError(
        f"The encoder {shown(spec.encoder)} gives no codes in {spec.latent_space}; search another "
        "space (--latent_space), or leave --encoder out."
      )
    elif init == "encoder":
      raise ConfigurationError(
        f"There is no encoder for {spec.latent_space} beside the checkpoint; train one with "
        "python -m privai_tf.train_encoder, or use --init=mean (in Z --init=best_of:64)."
      )
    else:
      init = "mean" if spec.candidates is None else f"best_of:{spec.candidates}"
  if spec.steps is not None:
    if spec.steps == 0 and init != "encoder":
      raise ConfigurationError(
        "--steps=0 takes the encoder's code as it is, and --init is "
        f"{init}; raise --steps, or train an encoder with python -m privai_tf.train_encoder."
      )
    return dataclasses.replace(spec, init=init)
  steps = _STEPS_WITH_ENCODER if init == "encoder" else _STEPS
  space, longer = _LIKENESS.get(generator.family, (None, 0))
  if spec.latent_space == space:
    steps = max(steps, longer)
  return dataclasses.replace(spec, init=init, steps=steps)


def _with_likeness(spec: InversionSpec, generator) -> InversionSpec:
  """The specification with what makes people recognizable decided."""
  alike = keeps_people(generator)
  values: dict[str, float] = {}
  if spec.face_weight is None:
    values["face_weight"] = _FACE_WEIGHT if alike else 1.0
  if spec.identity_weight is None:
    values["identity_weight"] = _IDENTITY_WEIGHT if alike and faceres_at_hand() else 0.0
  if spec.draft_side is None:
    drafted = alike and generator.resolution >= 4 * _DRAFT_SIDE and not spec.noise_maps
    values["draft_side"] = _DRAFT_SIDE if drafted else 0
  return dataclasses.replace(spec, **values)


def keeps_people(generator) -> bool:
  """Whether people in photos can be recognized in what a search in this network finds.

  Args:
    generator: a `privai_tf.Generator`.
  """
  return generator.family in _LIKENESS


def missing_likeness(spec: InversionSpec, generator) -> str | None:
  """What would make the people in photos more recognizable and is not on this machine; None if nothing.

  Args:
    spec: the settings, as they were given.
    generator: a `privai_tf.Generator`.
  """
  if spec.identity_weight is not None or not keeps_people(generator) or faceres_at_hand():
    return None
  return (
    f"People are compared by their pixels alone; {FETCHED_BY} gets a network "
    "that tells people apart, and the search follows it (29 MB)."
  )


def with_space(spec: InversionSpec, generator) -> InversionSpec:
  """The specification with the latent space decided: that in which faces of the family are recognized.

  Args:
    spec: the settings.
    generator: a `privai_tf.Generator`.
  """
  if spec.latent_space is None and keeps_people(generator):
    return dataclasses.replace(spec, latent_space=_LIKENESS[generator.family][0])
  return spec.for_spaces(generator.latent_spaces)


def start_codes(targets: Images, generator, spec: InversionSpec) -> Codes:
  """The first code of every image.

  Args:
    targets: float32 [N, R, R, C] in [-1, 1].
    generator: a `privai_tf.Generator`.
    spec: the settings, as `decided` returns them.

  Returns:
    float32 [N, d], or [N, L, d] for W+.
  """
  if spec.init == "encoder":
    codes = encoder_for(spec, generator).encode(targets)
  elif spec.candidates is None:
    mean = latent_statistics(generator, spec.latent_space).mean
    codes = np.repeat(mean[None], len(targets), axis=0)
  else:
    codes = _best_candidates(targets, generator, spec)
  if spec.latent_space == "W+" and codes.ndim == 2:
    codes = np.repeat(codes[:, None], generator.num_layers, axis=1)
  return np.ascontiguousarray(codes, np.float32)


def encoder_for(spec: InversionSpec, generator) -> Encoder | None:
  """The encoder that can start a search: the given one, or that beside the checkpoint; else None.

  Args:
    spec: the settings, the latent space decided.
    generator: a `privai_tf.Generator`.

  Raises:
    ConfigurationError: if the encoder that is given is not for this generator.
    CheckpointError: if it is damaged, or of another generator.
  """
  given = spec.encoder is not None
  encoder = given_encoder(spec.encoder, generator) if given else find_encoder(generator)
  return encoder and encoder.serving(spec.latent_space, generator.num_layers)


def _best_candidates(targets: np.ndarray, generator, spec: InversionSpec) -> np.ndarray:
  """For every image the random code whose image is nearest; one pool serves all images."""
  pool = np.asarray(generator.sample_z(spec.candidates, seed=spec.seed))
  labels = random_labels(generator.config.label_size, len(pool), spec.seed)
  space = "Z"
  if spec.latent_space != "Z":
    pool, space, labels = np.asarray(generator.map(pool, labels)), "W", None
  if len(pool) == 1:
    return np.repeat(pool, len(targets), axis=0)
  images = generator.synthesize(pool, latent_space=space, noise=spec.noise, labels=labels)
  images = _thumbnails(images)
  wanted = _thumbnails(targets)
  distances = [np.mean(np.square(images - goal), axis=1) for goal in wanted]
  return pool[np.argmin(distances, axis=1)]


def _thumbnails(images: np.ndarray) -> np.ndarray:
  """Block averages, flattened: [N, features]."""
  count, side = len(images), images.shape[1]
  block = max(1, side // _COMPARED)
  kept = side // block * block
  cut = images[:, :kept, :kept].reshape(count, kept // block, block, kept // block, block, -1)
  return cut.mean(axis=(2, 4)).reshape(count, -1)
