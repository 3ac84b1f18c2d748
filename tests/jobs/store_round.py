"""A job on a store, and what must be true of it whenever it is looked at.

Everything of it but the drawing is real: a stand-in for the stages draws other pixels each time.
"""

import collections
import dataclasses
import io
import pathlib

import numpy as np
from PIL import Image

from privai_tf import pipeline
from privai_tf.jobs.job import Budget, Job
from privai_tf.privacy.ledger import Ledger
from privai_tf.privacy.spec import PrivacySpec
from privai_tf.runtime import stores
from privai_tf.runtime.stores import place

_ITEMS = 3


class StoreRound:
  """One job on a store and what was seen of it."""

  def __init__(self, folder: pathlib.Path, url: str):
    self.folder, self.root = folder, place(url)
    self.seen: dict[str, bytes] = {}
    folder.mkdir(parents=True)
    for row in range(_ITEMS):
      stores.put(self.root / "in" / f"face{row}.png", f"photo {row}".encode().ljust(12))
    self.job = Job(
      checkpoint="none",
      attributes=("smile",),
      privacy=PrivacySpec(epsilon=0.5),
      output_dir=self.root / "out",
      state_dir=self.root / "state",
      input=f"{url}/in",
      budget=Budget(folder / "ledger.db", epsilon=1000.0, create=True),
      batch_size=2,
    )

  def complete(self, readers: int = 1) -> None:
    """The job from wherever it was stopped to its end."""
    summary = pipeline.run(dataclasses.replace(self.job, readers=readers))
    assert not summary.failures, summary.failures

  def look(self) -> None:
    """Whatever can be seen by now is paid for, whole, and what it was before."""
    files = {path.name: stores.read(path) for path in (self.root / "out").iterdir()}
    pictures = {name: data for name, data in files.items() if name.endswith(".png")}
    assert self.seen.items() <= pictures.items(), "a picture was exchanged or lost"
    self.seen = pictures
    for data in pictures.values():
      with Image.open(io.BytesIO(data)) as image:
        image.load()
    if not pictures:
      return
    with Ledger.open(self.folder / "ledger.db") as ledger:
      paid = collections.Counter(release["subject"] for release in ledger.releases())
      for name in pictures:
        pixels = f"photo {name[4]}".encode().ljust(12)
        subject = ledger.subject_of_pixels(np.frombuffer(pixels, np.uint8).reshape(1, 1, -1))
        assert paid[subject] == 1, (name, paid)

  def finished(self) -> None:
    """Everything is there once and paid for once, and no upload is left in parts."""
    self.look()
    names = {path.name for path in (self.root / "out").iterdir()}
    faces = {f"face{row}.{kind}" for row in range(_ITEMS) for kind in ("png", "json")}
    assert names == faces | {"run.json", "report.html"}, names
    with Ledger.open(self.folder / "ledger.db") as ledger:
      assert len(ledger.releases()) == _ITEMS
    system = stores._system(self.root.url)
    if hasattr(system, "list_multipart_uploads"):
      assert not system.list_multipart_uploads(self.root.url.split("/")[2])
