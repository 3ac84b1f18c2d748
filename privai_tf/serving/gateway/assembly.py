"""From the operator's choices to a service: checkpoint, boundaries, backend, ledger, callers."""

import dataclasses
import os
import pathlib
from typing import Any

from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import ConfigurationError
from privai_tf.generators import load_generator
from privai_tf.inversion.initialization import missing_likeness
from privai_tf.inversion.spec import InversionSpec
from privai_tf.jobs.failures import STAND_IN
from privai_tf.jobs.fitting import fitted_on
from privai_tf.jobs.parts import Recipe
from privai_tf.privacy.ledger.opening import Place
from privai_tf.privacy.public_codes import PublicCodes
from privai_tf.privacy.spec import PrivacySpec
from privai_tf.serving.client import ServingClient
from privai_tf.serving.gateway.backends import Backend, InProcessBackend, ServedBackend
from privai_tf.serving.gateway.budgets import Budgets
from privai_tf.serving.gateway.offer import offered_mechanisms
from privai_tf.serving.gateway.releases import Releaser
from privai_tf.serving.gateway.service import Service
from privai_tf.serving.gateway.settings import GatewaySettings
from privai_tf.serving.gateway.tokens import TokenFile

BACKENDS = ("in_process", "serving")


@dataclasses.dataclass(frozen=True)
class Model:
  """What runs behind the gateway.

  Attributes:
    checkpoint: a name in `checkpoints/`, a converted folder or an official pickle; with the backend
      "serving" too, for its public figures.
    boundaries: by attribute, a boundary file where it is not one of the checkpoint's own.
    latent_space: "W", "W+" or "Z"; None: W where the checkpoint has it, else Z.
    backend: "in_process" or "serving".
    steps: of inversion in this process; None: 0 with an encoder, else 50; with a preset its own search.
    batch_size: images that go through the networks together in this process.
    precision: of what they multiply, see `runtime.precision`.
    public_codes: how many codes of generated pictures the split is fitted on, see
      `privai_tf.inversion.public_codes`; None: what there is.
    preset: advised settings, of which the search is taken; None: none.
    address, name, protocol, tls: of the model server, see `ServingClient`.
  """

  checkpoint: str
  boundaries: dict[str, str] = dataclasses.field(default_factory=dict)
  latent_space: str | None = None
  backend: str = "in_process"
  steps: int | None = None
  batch_size: int = 8
  precision: str = "auto"
  public_codes: int | None = None
  preset: str | None = None
  address: str | None = None
  name: str | None = None
  protocol: str = "grpc"
  tls: bool = False

  def __post_init__(self):
    if self.backend not in BACKENDS:
      raise ConfigurationError(f"--backend={self.backend}: choose one of {', '.join(BACKENDS)}")
    if (self.backend == "serving") != (self.address is not None):
      raise ConfigurationError("--backend=serving and --serving_address=HOST:PORT go together")
    if self.backend == "serving" and self.steps is not None:
      raise ConfigurationError("--steps is for --backend=in_process; a server encodes in one pass")
    if self.backend == "serving" and self.precision != "auto":
      raise ConfigurationError("--precision is for --backend=in_process; a server has its export's")
    if self.backend == "serving" and self.preset is not None:
      raise ConfigurationError(
        f"--preset={self.preset} searches, and a model server encodes in one pass; use --backend=in_process"
      )


def build_service(
  model: Model,
  settings: GatewaySettings,
  ledger: Place,
  tokens: str | os.PathLike,
  workers: int = 2,
  create_ledger: bool = False,
) -> Service:
  """Loads everything and runs the networks once.

  Args:
    model: what runs behind the gateway.
    settings: the operator's choices.
    ledger: the ledger's file, or the URL of its database.
    tokens: the tokens file.
    workers: threads, see `Service`.
    create_ledger: whether a missing ledger is made; else it is refused.

  Raises:
    PrivaiError: whatever of it cannot be used; nothing is left open.
  """
  callers = TokenFile(tokens)
  generator = load_generator(model.checkpoint)
  known = InversionSpec(latent_space=model.latent_space).for_spaces(generator.latent_spaces)
  model = dataclasses.replace(model, latent_space=known.latent_space)
  if model.preset and (missing := missing_likeness(InversionSpec(), generator)) is not None:
    raise ConfigurationError(f"--preset={model.preset}: {missing}")
  name = pathlib.Path(model.checkpoint).name
  boundaries = {}
  for attribute in settings.attributes:
    source = model.boundaries.get(attribute, f"{name}/{attribute}")
    boundary = Boundary.load(source, latent_space=model.latent_space)
    boundary.require_generator(generator.fingerprint)
    # Statements call it what callers call it, and name the conditions that callers do not see.
    conditions = "" if "_c_" in attribute else "".join(boundary.name.partition("_c_")[1:])
    boundaries[attribute] = dataclasses.replace(boundary, name=attribute + conditions)
  shape = generator.code_shape(model.latent_space)
  budgets = Budgets(ledger, create=create_ledger)
  backend = _backend(model, generator, shape)
  releaser = Releaser(
    generator,
    boundaries,
    model.latent_space,
    backend,
    budgets,
    settings.max_pixels,
    settings.on_failure == STAND_IN,
    _public_codes(model, generator, backend) if "attribute" in settings.scopes else None,
  )
  service = Service(settings, callers, releaser, workers)
  try:
    releaser.check()
    offered_mechanisms(releaser, settings)
    releaser.warm_up(detect=settings.align != ("none",))
  except BaseException:
    service.close()
    raise
  return service


def _backend(model: Model, generator: Any, shape: tuple[int, ...]) -> Backend:
  if model.backend == "serving":
    name = model.name or pathlib.Path(model.checkpoint).name
    client = ServingClient(model.address, name, model.protocol, tls=model.tls)
    return ServedBackend(client, shape, generator.resolution)
  from privai_tf.inversion.encoder import find_encoder

  encoder = find_encoder(generator)
  served = encoder and encoder.serving(model.latent_space, generator.num_layers)
  steps = model.steps
  if steps is None and model.preset is None:
    steps = 0 if served is not None and served.latent_space == model.latent_space else 50
  return InProcessBackend(generator, model.latent_space, steps, model.batch_size, model.precision)


def _public_codes(model: Model, generator: Any, backend: Backend) -> PublicCodes | None:
  """Codes of the backend's release path; None where its encoder is not beside the checkpoint."""
  from privai_tf.inversion.encoder import find_encoder

  if isinstance(backend, InProcessBackend):
    path = backend.inversion
  elif find_encoder(generator) is None:
    return None
  else:
    path = InversionSpec(latent_space=model.latent_space, init="encoder", steps=0)
  recipe = Recipe(
    model.checkpoint, (), PrivacySpec(), inversion=path, public_codes=model.public_codes
  )
  return fitted_on(generator, recipe)
