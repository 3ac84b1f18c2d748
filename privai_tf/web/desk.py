"""What the page does, without the page: one method an action, each for one session."""

import contextlib
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from privai_tf.errors import ConfigurationError, InputError, PrivaiError
from privai_tf.runtime.files import write_bytes
from privai_tf.runtime.pictures import png
from privai_tf.web import photos, words
from privai_tf.web.budgets import Budgets, Payer
from privai_tf.web.choices import STRIP, Choice, ladder, usual_hidden
from privai_tf.web.pictures import shown
from privai_tf.web.released import Released, write
from privai_tf.web.sessions import SAMPLES, Session, Sessions
from privai_tf.web.settings import WebSettings
from privai_tf.web.troubles import charged

DRAWS = 4
_IDLE_SECONDS = 20.0
_SILENT_SECONDS = 1.0


class Desk:
  """The page's model, ledgers and sessions.

  Args:
    settings: the operator's choices.
    root: a private folder; everything in it goes with the page.
  """

  def __init__(self, settings: WebSettings, root: Path):
    self.settings = settings
    self.root = root
    self.sessions = Sessions(root, settings.session_minutes)
    self.epsilons = ladder(settings.max_epsilon)
    self.studio: Any = None
    self.samples: list[Path] = []
    self._portraits: np.ndarray | None = None
    self._budgets: Budgets | None = None

  def open_ledgers(self, practice: Path) -> None:
    """Opens the ledgers. Raises `LedgerError` if one cannot be trusted."""
    self._budgets = Budgets(self.settings, practice)

  def load(self) -> None:
    """Loads the model; whatever is wrong with it is raised. Until then, `studio` is None."""
    from privai_tf.web.samples import sample_portraits
    from privai_tf.web.studio import Studio

    chosen = self.settings
    studio = Studio(
      *(chosen.checkpoint, chosen.attributes, chosen.latent_space, chosen.steps),
      precision=chosen.precision,
    )
    portraits = sample_portraits(studio.generator, studio.facts["name"])
    # What every visitor needs is compiled and calibrated before the first one comes.
    inverted = studio.invert(_signed(portraits[0]))
    usual = [Choice(usual_hidden(studio.offered()), value) for value in self.epsilons]
    studio.warm_up(usual)
    studio.previews(inverted.latents, usual[:STRIP], DRAWS)
    self.use(studio, portraits)

  def use(self, studio: Any, portraits: np.ndarray) -> None:
    """From now on the page works.

    Args:
      studio: the loaded model.
      portraits: uint8 [8, R, R, 3], the samples.
    """
    folder = self.root / SAMPLES
    folder.mkdir(mode=0o700, exist_ok=True)
    for number, pixels in enumerate(portraits):
      path = folder / f"portrait-{number + 1}.png"
      write_bytes(path, png(shown(pixels)))
      self.samples.append(path)
    self._portraits, self.studio = portraits, studio

  def warm_up(self) -> None:
    """Computes in advance what visitors may choose next; takes a while, and nobody waits for it."""
    for hidden in reversed(self.studio.offered()):
      for value in self.epsilons:
        while self.sessions.idle_seconds() < _IDLE_SECONDS:  # Visitors go first.
          time.sleep(1)
        with contextlib.suppress(PrivaiError):  # Who chooses it is told.
          self.studio.warm_up([Choice(hidden, value)])

  def take_upload(self, session: Session, path: str | Path) -> None:
    """An upload becomes the session's photo; its file is gone afterwards.

    Raises:
      PrivaiError: what is wrong with it, in one line; the session has no photo then.
    """
    self.sessions.touch(session)
    session.forget()
    pixels = photos.take_upload(path, self.settings.max_upload_bytes, self.settings.max_pixels)
    session.photo = photos.find(pixels, self._ready().generator.resolution)
    session.face = session.photo.largest

  def take_sample(self, session: Session, number: int) -> None:
    """A sample portrait becomes the session's photo."""
    studio = self._ready()
    self.sessions.touch(session)
    session.forget()
    session.photo = photos.find(self._portraits[number], studio.generator.resolution)
    session.sample = number

  def choose_face(self, session: Session, number: int) -> None:
    """Another face of the photo."""
    self._photo(session)
    session.face, session.inverted, session.released = number, None, []

  def invert(
    self, session: Session, likeness: bool = False
  ) -> Iterator[tuple[int, int, np.ndarray | None]]:
    """Looks for the face's code; a `PrivaiError` says why it cannot be found.

    Args:
      session: whose.
      likeness: whether to search until the person is found, which takes a minute or two; what was found
        before stays until then.

    Yields:
      Steps done, steps in all, and the picture as it is then, uint8 [R, R, 3]. Of a long search that
      does not come to its next figures the last ones again, so that somebody is told of the time; no
      steps in all before its turn has come.

    Raises:
      InputError: also if the photo is put away meanwhile, or `stop` called: nobody waits for its code,
        others for the model.
    """
    told: queue.SimpleQueue = queue.SimpleQueue()
    found: list = []
    search = object()

    def require_wanted() -> None:
      if session.photo is not photo:
        raise InputError("The photo was put away meanwhile.")
      if session.search is not search:
        raise InputError("The search was stopped.")

    def tell(*progress: Any) -> None:
      require_wanted()
      told.put(progress)

    def work() -> None:
      try:
        found.append(studio.invert(image, tell, likeness))
      except BaseException as error:  # Told to who waits.
        found.append(error)
      told.put(None)

    studio, photo = self._ready(), self._photo(session)
    image = photo.faces[session.face].image
    session.search = search
    threading.Thread(target=work, name="inversion", daemon=True).start()
    progress: Any = (0, 0, None)
    while progress is not None:
      try:
        progress = told.get(timeout=_SILENT_SECONDS if likeness else None)
      except queue.Empty:
        require_wanted()
      if progress is not None:
        yield progress
    if isinstance(found[0], BaseException):
      raise found[0]
    require_wanted()
    session.inverted = found[0]

  def stop(self, session: Session) -> None:
    """Whatever is searched for the session ends soon; its photo, and what was found before, stay."""
    session.search = None

  def inverted(self, session: Session) -> Any:
    """The face's code, an `Inverted`; a `PrivaiError` if there is none (any more)."""
    self.sessions.touch(session)
    if session.inverted is None:
      raise InputError("The photo has not been read yet; wait for step 1.")
    return session.inverted

  def prepared(self, choice: Choice) -> Any:
    """The calibrated release, see `Studio.prepared`."""
    if choice.epsilon > self.settings.max_epsilon:
      raise ConfigurationError(
        f"Epsilon {choice.epsilon:g} is more than this page allows ({self.settings.max_epsilon:g})."
      )
    return self._ready().prepared(choice)

  def previews(self, session: Session, choices: Sequence[Choice]) -> np.ndarray:
    """Simulated releases, uint8 [choices, draws, R, R, 3]; nothing is charged."""
    return self._ready().previews(self.inverted(session).latents, choices, DRAWS)

  def payer(self, session: Session, person: str = "") -> Payer:
    """The account that a release of the session's photo charges."""
    if session.sample is not None:
      return self._budgets.of_sample(session.sample, session.id)
    return self._budgets.of_photo(self._photo(session).pixels, person, session.caller)

  def release(self, session: Session, choice: Choice, person: str = "") -> Released:
    """Charges, draws once, and writes what may be published; a `PrivaiError` says why not."""
    inverted, prepared = self.inverted(session), self.prepared(choice)
    prepared.encode(inverted.latents)  # What cannot be released is refused before it is paid for.
    self.payer(session, person).charge(prepared)
    with charged():
      pixels = self._ready().release(prepared, inverted.latents)
      studio = self._ready()
      released = write(session.folder, pixels, prepared, studio.facts, studio.precision)
    session.released.append(choice)
    return released

  def face(self, session: Session) -> np.ndarray:
    """The chosen face as it was cut out, uint8 [R, R, 3]."""
    image = self._photo(session).faces[session.face].image
    return np.clip(np.rint((image + 1) * 127.5), 0, 255).astype(np.uint8)

  def budget(self, session: Session, choice: Choice, person: str = "") -> str:
    """What is left, in words."""
    left = self.payer(session, person).remaining()
    return words.budget(left, self.prepared(choice).guarantee, session.sample is not None)

  def close(self) -> None:
    """Closes the ledgers."""
    if self._budgets is not None:
      self._budgets.close()

  def _ready(self) -> Any:
    if self.studio is None:
      raise InputError("The model is still loading; try again in a moment.")
    return self.studio

  def _photo(self, session: Session) -> photos.Photo:
    self.sessions.touch(session)
    if session.photo is None:
      raise InputError("There is no photo (any more); choose one.")
    return session.photo


def _signed(pixels: np.ndarray) -> np.ndarray:
  return pixels.astype(np.float32) / 127.5 - 1
