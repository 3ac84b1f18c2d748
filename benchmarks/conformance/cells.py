"""The columns of the table: what is done with a network; each raises where it does not work."""

import dataclasses
import functools
import io
import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

import privai_tf
from privai_tf import pipeline
from privai_tf.attributes.training import train_boundary
from privai_tf.errors import InputError
from privai_tf.generators.compiled import compiled
from privai_tf.inversion.encoder_settings import EncoderTraining
from privai_tf.inversion.encoder_training import train_encoder
from privai_tf.inversion.spec import InversionSpec
from privai_tf.jobs.job import Job
from privai_tf.privacy.spec import PrivacySpec

# Differences that kernels in another order make, as a share of a picture's largest number.
_TOLERANCE = 2e-4


@dataclasses.dataclass(frozen=True)
class Bench:
  """A checkpoint to try, and a folder for what comes of it."""

  checkpoint: pathlib.Path
  folder: pathlib.Path

  @functools.cached_property
  def generator(self):
    return privai_tf.load_generator(self.checkpoint)

  @property
  def space(self) -> str:
    """The space that releases take."""
    return InversionSpec().for_spaces(self.generator.latent_spaces).latent_space

  @property
  def unlabelled_spaces(self) -> list[str]:
    """The spaces whose codes are images without a label."""
    needs = self.generator.config.label_size
    return [space for space in self.generator.latent_spaces if space != "Z" or not needs]

  def codes(self, count: int, space: str | None = None) -> np.ndarray:
    """Codes of a space around its mean; they need no labels."""
    space = space or self.space
    random = np.random.default_rng(0)
    noise = random.normal(size=(count, *self.generator.code_shape(space)))
    return (self.generator.mean_latent(space) + noise).astype(np.float32)

  def pictures(self, count: int) -> np.ndarray:
    """Pictures in [-1, 1]: random weights give any numbers."""
    images = self.generator.synthesize(self.codes(count), latent_space=self.space)
    return images / max(1.0, float(np.abs(images).max()))

  @property
  def job(self) -> Job:
    """A job on two codes, for scope attribute."""
    np.save(self.folder / "codes.npy", self.codes(2))
    return Job(
      checkpoint=str(self.checkpoint),
      attributes=(str(self.plane),),
      privacy=PrivacySpec(),
      output_dir=self.folder / "out",
      input_latents=str(self.folder / "codes.npy"),
      inversion=InversionSpec(steps=1, perceptual="none"),
      batch_size=2,
    )

  @property
  def plane(self) -> pathlib.Path:
    return self.checkpoint / f"smile_{self.space.lower()}_boundary.npy"


def _require_alike(images: np.ndarray, expected: np.ndarray) -> None:
  largest = max(1.0, float(np.abs(expected).max()))
  np.testing.assert_allclose(images, expected, atol=_TOLERANCE * largest, rtol=0)


def _require_released(summary: Any) -> None:
  if summary.failures:
    raise InputError(summary.failures[0])
  assert len(summary.released) == 2


def _same_everywhere(bench: Bench) -> None:
  """Every space, in a compiled graph and without, in one batch and several."""
  generator = bench.generator
  for space in bench.unlabelled_spaces:
    codes = bench.codes(3, space)
    images = generator.synthesize(codes, latent_space=space, batch_size=2)
    eager = np.asarray(generator.synthesize_tensor(codes, space))
    _require_alike(eager, images)


def _labels(bench: Bench) -> None:
  generator = bench.generator
  size = generator.config.label_size
  labels = np.eye(size, dtype=np.float32)[:2] if size else None
  z = generator.sample_z(2, seed=0)
  images = generator.synthesize(z, latent_space="Z", labels=labels)
  if size:
    other = generator.synthesize(z, latent_space="Z", labels=labels[::-1])
    assert np.abs(images - other).max() > _TOLERANCE


def _xla(bench: Bench) -> None:
  generator = bench.generator
  codes = bench.codes(2)
  function = compiled(lambda c: generator.synthesize_tensor(c, bench.space), "on")
  plain = generator.synthesize(codes, latent_space=bench.space)
  _require_alike(np.asarray(function(codes)), plain)


def _invert(bench: Bench) -> None:
  targets = bench.pictures(2)
  for space in bench.unlabelled_spaces:
    search = {"init": "random", "steps": 20, "steps_per_call": 5, "recompute": "on"}
    spec = InversionSpec(space, perceptual="none", **search)
    found = privai_tf.invert(targets, bench.generator, spec)
    assert np.isfinite(found.latents).all()
    assert (found.losses.min(axis=0) < found.losses[0]).all()


def _boundary(bench: Bench) -> None:
  space = "Z" if bench.space == "Z" else "W"
  codes = bench.codes(200, space)
  trained = train_boundary(codes, codes[:, :1], latent_space=space, chosen_num_or_ratio=0.3)
  assert trained.accuracy["validation"] > 0.9


def _encoder(bench: Bench) -> None:
  settings = EncoderTraining(steps=2, batch_size=2)
  encoder = train_encoder(bench.generator, settings, bench.folder / "encoder")
  assert encoder.encode(bench.pictures(2)).shape == (2, *bench.generator.code_shape(bench.space))


def _release(bench: Bench, **settings) -> None:
  job = dataclasses.replace(bench.job, privacy=PrivacySpec(**settings))
  _require_released(pipeline.run(job))


def _saved_model(bench: Bench) -> None:
  import tensorflow as tf

  from privai_tf.serving.exporting import ExportJob, export

  job = ExportJob(str(bench.checkpoint), bench.folder / "model", attributes=(), encoder=False)
  exported = export(dataclasses.replace(job, latent_space=bench.space))
  served = tf.saved_model.load(str(exported.folder)).signatures["synthesize"]
  codes = bench.codes(1)
  (name,) = served.structured_input_signature[1]
  (answer,) = served(**{name: tf.constant(codes)}).values()
  with Image.open(io.BytesIO(answer.numpy()[0])) as image:
    served_pixels = np.asarray(image, np.int32)
  own = privai_tf.to_uint8(
    bench.generator.synthesize(codes, latent_space=bench.space), bench.generator.family
  )
  assert np.abs(served_pixels - own[0].squeeze()).max() <= 1


def _beam(bench: Bench) -> None:
  from privai_tf.fleet import beam

  _require_released(beam.run(bench.job, ("--runner=DirectRunner",)))


def _gateway(bench: Bench) -> None:
  from privai_tf.serving.gateway.assembly import Model, build_service
  from privai_tf.serving.gateway.settings import GatewaySettings
  from privai_tf.serving.gateway.tokens import add_caller

  add_caller(bench.folder / "tokens.json", "ada", epsilon=1)
  model = Model(
    str(bench.checkpoint),
    {"smile": str(bench.plane)},
    latent_space=bench.space,
    steps=1,
    public_codes=64,
  )
  # One step from the mean does not move every random network's code: no table could be made.
  offered = {"scopes": ("attribute",), "mechanisms": ("laplace",)}
  settings = GatewaySettings(attributes=("smile",), align=("none",), **offered)
  service = build_service(
    model, settings, bench.folder / "ledger.db", bench.folder / "tokens.json", create_ledger=True
  )
  service.close()


# By the head of its column.
CELLS: dict[str, Callable[[Bench], None]] = {
  "spaces, eager and graph": _same_everywhere,
  "labels": _labels,
  "XLA": _xla,
  "invert": _invert,
  "boundary": _boundary,
  "encoder": _encoder,
  "release: attribute": _release,
  "release: image": functools.partial(
    _release, mechanism="subset_selection", scope="image", codebook_size=64
  ),
  "release: metric": functools.partial(_release, mechanism="metric_laplace", scope="metric"),
  "SavedModel": _saved_model,
  "Beam": _beam,
  "gateway": _gateway,
}
