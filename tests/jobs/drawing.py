"""Stands in for the stages of a job: draws pixels at once, loads no model, computes nothing.

What is tested with it is everything else of a job, in milliseconds.
"""

import dataclasses
import os
import types
from typing import ClassVar

import numpy as np

from privai_tf.artifacts import Guarantee
from privai_tf.jobs.failures import Failure
from privai_tf.jobs.inputs import Portrait
from privai_tf.jobs.outcomes import Loaded, Outcome, Output
from privai_tf.jobs.private_folder import PrivateRecord
from privai_tf.privacy.accounting.events import pure_event
from privai_tf.privacy.relation import Relation

GUARANTEE = Guarantee(True, "attribute", "Hidden.", "laplace", 0.5, 0.0, 1.0, 2.0, 4.0)


def outcome_of(name, subject="ada", relation=None, records=()):
  """What became of an input: one black picture, as drawn; of scope image unless a relation is given."""
  output = Output(
    name=name,
    pixels=np.zeros((8, 8, 3), np.uint8),
    guarantee=GUARANTEE,
    bound=0.6,
    event=None,
    relation=relation or Relation.unknown_image(),
    faces=1,
    subject=subject,
    records=records,
  )
  return Outcome(Portrait(name, name), (output,))


@dataclasses.dataclass(frozen=True)
class _Input:
  """What stands in for a photo's content."""

  values: tuple


class DrawingStages:
  """Draws fresh pixels for whatever it is asked for: two faces of each input, where faces are many."""

  guarantee, bound = GUARANTEE, 0.6
  event, relation = pure_event(0.5), Relation.unknown_image()
  generator = None
  advice = types.SimpleNamespace(notes=(), typed=lambda photos, output: None)
  precision = "float32"
  drawn: ClassVar[list[str]] = []  # Names of inputs, of all jobs in this process.

  def __init__(self, recipe, progress=None):
    self.recipe = recipe

  def configuration(self):
    faces, paste = self.recipe.faces.faces, self.recipe.pasted_back
    settings = {"faces": [faces, paste], "epsilon": self.recipe.privacy.epsilon}
    return {"checkpoint": {"name": "none"}, "of": self.recipe.output_format, **settings}

  def load(self, item, subject_of=None):
    content = item.path.read_bytes()
    source = item.seen()
    if content == b"no face":
      reason = f"{item.source}: no face found"
      return Loaded(item, failure=Failure(item.name, item.source, "read", reason), source=source)
    pixels = np.frombuffer(content, np.uint8).reshape(1, 1, -1)
    count = 2 if self.recipe.faces.faces == "all" else 1
    subject = subject_of(pixels) if subject_of else None
    return Loaded(item, _Input((pixels,) * count), subject, source=source)

  def process(self, batch, *, size, skip, report):
    return [self._outcome(loaded, skip) for loaded in batch]

  def _outcome(self, loaded, skip):
    self.drawn.append(loaded.item.name)
    name, faces = loaded.item.name, loaded.faces
    many = self.recipe.faces.faces == "all" and not self.recipe.pasted_back
    names = [f"{name}-face{face}" for face in range(faces)] if many else [name]
    outputs = tuple(
      Output(
        name=one,
        pixels=np.frombuffer(os.urandom(8 * 8 * 3), np.uint8).reshape(8, 8, 3),
        guarantee=self.guarantee,
        bound=self.bound,
        event=self.event,
        relation=self.relation,
        faces=1 if many else faces,
        subject=loaded.subject,
        records=(PrivateRecord(one, {"source": one}),),
      )
      for one in names
      if not skip(one)
    )
    return Outcome(loaded.item, outputs, read=loaded.source)
