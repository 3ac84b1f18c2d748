"""A checkpoint -> a version of a model for TensorFlow Serving, whole or not at all."""

import dataclasses
import importlib.util
import re
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

import privai_tf
from privai_tf.attributes.boundary import Boundary
from privai_tf.attributes.boundary_files import shipped_boundaries
from privai_tf.attributes.sources import load_boundaries
from privai_tf.errors import ConfigurationError
from privai_tf.generators import load_generator
from privai_tf.generators.pixels import to_uint8
from privai_tf.inversion.encoder import find_encoder
from privai_tf.inversion.public_codes import public_codes
from privai_tf.inversion.spec import InversionSpec
from privai_tf.privacy.spec import PrivacySpec
from privai_tf.runtime.files import make_folder, shown, write_json
from privai_tf.runtime.precision import resolved
from privai_tf.serving.calibration import Calibration, calibrations
from privai_tf.serving.configuration import write_configuration
from privai_tf.serving.signatures import GRADE, ServedModel
from privai_tf.serving.versions import new_version, require_new
from privai_tf.serving.warmup import example_rows, write_warmup

DESCRIPTION_FILE = "assets.extra/privai_tf.json"


@dataclasses.dataclass(frozen=True)
class ExportJob:
  """What is exported, and where to.

  Attributes:
    checkpoint: an official pickle, a converted folder, or a name in `checkpoints/`.
    output: folder of the model's versions; its name is the model's.
    version: a number; the server takes the highest.
    attributes: names of the checkpoint's boundaries or `.npy` files; None: all there are.
    latent_space: of all latents; None: the encoder's, else W, else Z.
    encoder: whether an encoder beside the checkpoint is exported too.
    batch_size: images in a batch; None: by the resolution.
    precision: of what the pictures' convolutions multiply, see `runtime.precision`.
    spec: mechanism, delta and clipping of the simulated releases; its epsilon is not used.
  """

  checkpoint: str
  output: Path
  version: int = 1
  attributes: tuple[str, ...] | None = None
  latent_space: str | None = None
  encoder: bool = True
  batch_size: int | None = None
  precision: str = "float32"
  spec: PrivacySpec = dataclasses.field(default_factory=PrivacySpec)

  def __post_init__(self):
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", self.output.resolve().name):
      raise ConfigurationError(
        f"--output_dir={shown(self.output)}: the folder's name becomes the model's; use letters, "
        "digits, '_', '-' and '.'."
      )
    if self.version < 1:
      raise ConfigurationError(f"version is {self.version}; it must be at least 1.")


@dataclasses.dataclass(frozen=True)
class Exported:
  """What an export made.

  Attributes:
    folder: of the version.
    signatures: names of its functions.
    latent_space: of all latents.
    attributes: that requests may name.
    configuration: files written beside it.
  """

  folder: Path
  signatures: tuple[str, ...]
  latent_space: str
  attributes: tuple[str, ...]
  configuration: tuple[Path, ...]


def export(job: ExportJob) -> Exported:
  """Exports a model.

  Raises:
    OutputError: if the version exists or cannot be written.
    ConfigurationError, CheckpointError, InputError: if the parts do not fit.
  """
  final, precision = job.output / str(job.version), resolved(job.precision)
  require_new(final)
  if importlib.util.find_spec("tensorflow_serving") is None:
    raise ConfigurationError(
      "Warm-up requests need tensorflow-serving-api: pip install 'privai-tf[serving]'."
    )
  generator = load_generator(job.checkpoint, jit="off")  # As a server runs it.
  encoder = find_encoder(generator) if job.encoder else None
  space = _latent_space(job, generator, encoder)
  encoder = encoder and encoder.serving(space, generator.num_layers)
  boundaries = _boundaries(job, space)
  for boundary in boundaries:
    boundary.require_generator(generator.fingerprint)
  codes = None
  if encoder is not None and boundaries:
    codes = public_codes(generator, InversionSpec(latent_space=space, init="encoder", steps=0))
  releases = calibrations(generator, boundaries, job.spec, space, codes)
  make_folder(job.output)
  with new_version(final) as folder:
    served = ServedModel(generator, space, encoder, releases, precision)
    signatures = served.signatures()
    # Servers take no gradients; ours would ask for kernels that nothing else needs.
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    tf.saved_model.save(served, str(folder), signatures=signatures, options=options)
    names = [release.attribute for release in releases]
    example = example_rows(generator, space, names)
    most = job.batch_size or generator.default_batch_size
    write_warmup(folder, job.output.resolve().name, signatures, example, sorted({1, most}))
    write_json(
      folder / DESCRIPTION_FILE, _description(generator, encoder, space, releases, precision)
    )
    _require_equal_images(folder, generator, space, precision)
  return Exported(
    folder=final,
    signatures=tuple(signatures),
    latent_space=space,
    attributes=tuple(names),
    configuration=tuple(
      write_configuration(job.output, job.output.resolve().name, most, tf.__version__)
    ),
  )


def _latent_space(job: ExportJob, generator: Any, encoder: Any | None) -> str:
  natural = "W" if "W" in generator.latent_spaces else "Z"
  space = job.latent_space or (encoder.latent_space if encoder is not None else natural)
  generator.code_shape(space)  # Refuses a space that the generator does not have.
  served = encoder and encoder.serving(space, generator.num_layers)
  if encoder is not None and (served is None or served.latent_space != space):
    raise ConfigurationError(
      f"The checkpoint's encoder gives {encoder.latent_space} codes, not {space}: leave "
      "--latent_space out, or export without it (--noencoder)."
    )
  if space == "Z" and generator.config.label_size:
    raise ConfigurationError(
      "This network's Z codes need labels, which served requests do not have: export another space."
    )
  return space


def _boundaries(job: ExportJob, space: str) -> list[Boundary]:
  if job.spec.scope != "attribute":
    return []
  sources = job.attributes
  if sources is None:
    sources = shipped_boundaries(Path(job.checkpoint).name, space)
  return load_boundaries(map(str, sources), job.checkpoint, space)


def _description(
  generator: Any,
  encoder: Any | None,
  space: str,
  releases: list[Calibration],
  precision: str,
) -> dict[str, Any]:
  """What is in the export, for people and scripts; public values only."""
  return {
    "versions": {"privai_tf": privai_tf.__version__, "tensorflow": tf.__version__},
    "generator": {
      "family": generator.family,
      "resolution": generator.resolution,
      "sha256": generator.fingerprint,
    },
    "precision": precision,
    "latent_space": space,
    "code_shape": list(generator.code_shape(space)),
    "encoder": encoder is not None,
    "grade": GRADE,
    "releases": [
      {
        "attribute": release.attribute,
        "mechanism": release.mechanism.name,
        "delta": release.mechanism.delta,
        "clip_radius": release.mechanism.clip_radius,
        "epsilon_range": [float(f"{release.epsilons[end]:g}") for end in (0, -1)],
      }
      for release in releases
    ],
  }


def _require_equal_images(folder: Path, generator: Any, space: str, precision: str) -> None:
  """The saved model must draw what the library draws, before it takes its place."""
  codes = generator.mean_latent(space)[np.newaxis]
  signature = tf.saved_model.load(str(folder)).signatures["synthesize"]
  png = signature(latents=tf.constant(codes, tf.float32))["image_bytes"][0]
  served = tf.io.decode_png(png).numpy().astype(int)
  images = generator.synthesize(codes, latent_space=space, precision=precision)
  own = to_uint8(images, generator.family)[0]
  # On a GPU other kernels may be chosen, whose sums differ a little.
  if np.mean(abs(served - own) > 1) > 1e-3:
    raise RuntimeError("the saved model draws other images than the library")
