"""The stages of one request, in the order that the promise needs."""

import contextlib
import dataclasses
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from privai_tf import privacy
from privai_tf.artifacts import AlignedFace, Guarantee
from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import ConfigurationError, InputError
from privai_tf.faces import FaceSpec, find_faces
from privai_tf.privacy import Encoded, PreparedRelease, PrivacySpec
from privai_tf.privacy.ledger import Remaining
from privai_tf.privacy.public_codes import PublicCodes
from privai_tf.privacy.resemblance import Weights, named_attributes
from privai_tf.serving.gateway.backends import Backend
from privai_tf.serving.gateway.budgets import Budgets, account
from privai_tf.serving.gateway.photo_check import PhotoCheck
from privai_tf.serving.gateway.pictures import LABEL, decode_upload
from privai_tf.serving.gateway.refusals import Refusal, Unavailable
from privai_tf.serving.gateway.tokens import Caller


@dataclasses.dataclass(frozen=True)
class Order:
  """What one request asks for.

  Attributes:
    caller, subject: whose budget pays.
    attribute: the attribute to hide; ignored in scope "image".
    epsilon, delta, mechanism, scope: the guarantee.
    faces: how the face is found.
    decode, loss, codebook_size, resemble: public choices, see `PrivacySpec`.
    check_photo: whether the caller wants to know if the generator knows such faces.
  """

  caller: Caller
  subject: str | None
  attribute: str | None
  epsilon: float
  delta: float
  mechanism: str
  scope: str
  faces: FaceSpec
  decode: str = "raw"
  loss: str = "l2"
  codebook_size: int = 1 << 17
  resemble: Weights = ()
  check_photo: bool = False


@dataclasses.dataclass(frozen=True)
class Answer:
  """A release on its way to the caller.

  Attributes:
    image: a PNG file.
    guarantee: its promise.
    attacker_bound: the most that a yes-or-no attacker can get right, in [0.5, 1]; in scope
      attribute through the coordinate.
    remaining: what the account has left.
    photo_warning: for the caller who asked, and nobody else; None if there is none.
  """

  image: bytes
  guarantee: Guarantee
  attacker_bound: float
  remaining: Remaining
  photo_warning: str | None = None


class Ticket:
  """Whether somebody still waits for a request; asked last before the charge."""

  def __init__(self, deadline: float, retry_after: int):
    """Args: deadline on the monotonic clock; seconds that a late caller is told to wait."""
    self._deadline = deadline
    self._retry_after = retry_after
    self._abandoned = threading.Event()

  def abandon(self) -> None:
    """Nobody waits any more."""
    self._abandoned.set()

  def require(self) -> None:
    """Raises `Unavailable` if nobody waits any more."""
    if self._abandoned.is_set() or time.monotonic() > self._deadline:
      raise Unavailable(
        "The request took too long; nothing was charged or released.", self._retry_after
      )


class Releaser:
  """Turns photos and latents into paid releases; safe to call from many threads."""

  def __init__(
    self,
    generator: Any,
    boundaries: Mapping[str, Boundary],
    latent_space: str,
    backend: Backend,
    budgets: Budgets,
    max_pixels: int,
    stands_in: bool = False,
    public_codes: PublicCodes | None = None,
  ):
    """Puts the stages together.

    Args:
      generator: a `privai_tf.Generator`: for the public figures, whatever the backend.
      boundaries: by attribute.
      latent_space: of the codes.
      backend: the networks.
      budgets: the ledger.
      max_pixels: the most pixels of an upload.
      stands_in: whether in scope "image" a picture that cannot be used is released too, as the
        public mean code is; else it is refused, and the promise is about photos with a face.
      public_codes: of the backend's release path; None: the generator's own samples.
    """
    self.generator = generator
    self.boundaries = dict(boundaries)
    self._named: dict[str, Boundary] = {}
    self.latent_space = latent_space
    self.backend = backend
    self.budgets = budgets
    self._max_pixels = max_pixels
    self._stands_in = stands_in
    self._public_codes = public_codes
    self._check = PhotoCheck(generator, latent_space, backend)
    self._preparing = threading.Lock()
    # One thread: the detector's networks hold the largest buffers of all, once for every thread.
    self._detecting = ThreadPoolExecutor(1, "faces")

  @property
  def code_shape(self) -> tuple[int, ...]:
    """Of one code, [d] or [L, d]."""
    return self.generator.code_shape(self.latent_space)

  def photo(self, data: bytes, order: Order, ticket: Ticket) -> Answer:
    """An uploaded picture -> a release.

    Raises:
      PrivaiError: nothing was charged, unless the backend failed after the charge.
    """
    prepared = self._prepared(order)
    warning = None
    try:
      encoded, warning = self._encoded(prepared, data, order, ticket)
    except (InputError, Refusal) as error:
      # An answer that is late is nobody's picture's fault.
      if not self._stands_in or order.scope != "image" or isinstance(error, Unavailable):
        raise
      encoded = prepared.encode(self.generator.mean_latent(self.latent_space)[np.newaxis])
    answer = self._release(prepared, encoded, order, ticket)
    return dataclasses.replace(answer, photo_warning=warning)

  def latent(self, latent: np.ndarray, order: Order, ticket: Ticket) -> Answer:
    """A code -> a release; see `photo`."""
    prepared = self._prepared(order)
    return self._release(prepared, prepared.encode(latent[np.newaxis]), order, ticket)

  def warm_up(self, detect: bool) -> None:
    """Runs the networks once, so that no request waits for their compilation.

    Args:
      detect: whether requests may need the face detector.

    Raises:
      ConfigurationError: if the detector's package is missing.
    """
    if detect:
      # As large as the detector's copies get, so that its memory does not grow later.
      pixels = np.random.default_rng(0).integers(0, 256, (1000, 1000, 3)).astype(np.uint8)
      with contextlib.suppress(InputError):  # There is no face in noise.
        self._faces(pixels, FaceSpec(align="ffhq"))
    side = self.generator.resolution
    latent = self.backend.encode(np.zeros((side, side, 3), np.float32))
    self.backend.synthesize(np.asarray(latent, np.float32))

  def check(self) -> None:
    """Raises a `PrivaiError` if no release could be made now."""
    self.budgets.check()
    self.backend.check()

  def close(self) -> None:
    """Gives the backend, the ledger and the thread back."""
    self._detecting.shutdown()
    self.backend.close()
    self.budgets.close()

  def _prepared(self, order: Order) -> PreparedRelease:
    """The calibrated release, once it is known that the account can pay it."""
    account(order.caller, order.subject)
    prepared = self.prepare(order)
    self.budgets.require(order.caller, order.subject, prepared.guarantee, prepared.relation)
    return prepared

  def _encoded(
    self, prepared: PreparedRelease, data: bytes, order: Order, ticket: Ticket
  ) -> tuple[Encoded, str | None]:
    """An upload's face on the grid, and what the caller asked to know of it.

    Refuses what could not be released.
    """
    pixels = decode_upload(data, self._max_pixels)
    (face,) = self._faces(pixels, order.faces)
    ticket.require()
    latent = self.backend.encode(face.image)
    warning = self._check.warning(face.image, latent) if order.check_photo else None
    return prepared.encode(latent[np.newaxis]), warning

  def _faces(self, pixels: np.ndarray, spec: FaceSpec) -> list[AlignedFace]:
    return self._detecting.submit(
      find_faces, pixels, self.generator.resolution, spec, name="face", source=LABEL
    ).result()

  def prepare(self, order: Order) -> PreparedRelease:
    """The calibrated release of an order, whoever pays; touches no private data.

    Raises:
      ConfigurationError: if the guarantee cannot be given.
    """
    only_faces = order.scope == "image" and not self._stands_in
    spec = PrivacySpec(
      mechanism=order.mechanism,
      scope=order.scope,
      epsilon=order.epsilon,
      delta=order.delta,
      inputs="faces" if only_faces else "any",
      decode=order.decode,
      loss=order.loss,
      codebook_size=order.codebook_size,
      resemble=order.resemble,
    )
    if not spec.private:
      raise ConfigurationError(f"{order.mechanism} promises nothing; a gateway does not offer it.")
    boundaries = [self._boundary_named(name) for name in named_attributes(order.resemble)]
    if order.scope == "attribute":
      boundaries = [self.boundaries[order.attribute]]
    with self._preparing:
      return privacy.prepare(
        self.generator, boundaries, spec, self.latent_space, self._public_codes
      )

  def _boundary_named(self, attribute: str) -> Boundary:
    """An attribute's boundary without its conditions, which weights do not name.

    Always the same object: calibrated releases are found again by their boundaries.
    """
    own = self.boundaries[attribute]
    return self._named.setdefault(attribute, dataclasses.replace(own, name=attribute))

  def _release(
    self, prepared: PreparedRelease, encoded: Encoded, order: Order, ticket: Ticket
  ) -> Answer:
    guarantee = prepared.guarantee
    bound = prepared.attacker_bound
    ticket.require()
    # From here on it is paid, whatever happens: the noise is drawn, and goes to the backend.
    remaining = self.budgets.charge(
      order.caller, order.subject, guarantee, prepared.event, prepared.relation
    )
    (released,) = prepared.release(encoded)
    return Answer(self.backend.synthesize(released), guarantee, bound, remaining)
