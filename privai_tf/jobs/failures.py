"""Inputs that could not be released as they are. Named for the owner, and for nobody else.

Scopes "image" and "metric" promise something about any two inputs, and whether an input can be used
is a property of the photo. So there it is released all the same, as the mechanism's output for the
public mean code: a *stand-in*, which looks, is called and costs like any other release.
"""

import csv
import dataclasses
import io
from collections.abc import Iterable

STAND_IN, SKIP = "stand-in", "skip"
ON_FAILURE = (STAND_IN, SKIP)


@dataclasses.dataclass(frozen=True)
class Failure:
  """What went wrong with one input. All of it is private.

  Attributes:
    name: what its outputs are called.
    source: what messages call it; for a photo its path.
    stage: "name", "read" (the picture, or the face in it), "invert" or "pay".
    reason: a line that names the input, what is wrong and what to do.
    stand_in: whether a stand-in is published in its place.
  """

  name: str
  source: str
  stage: str
  reason: str
  stand_in: bool = False

  def __str__(self) -> str:
    return f"{self.reason} [published as a stand-in]" if self.stand_in else self.reason


def failures_csv(failures: Iterable[Failure]) -> str:
  """The text of `failures.csv`: name, source, stage, reason, published ("stand-in" or "no")."""
  text = io.StringIO()
  table = csv.writer(text, lineterminator="\n")
  table.writerow(["name", "source", "stage", "reason", "published"])
  for failure in failures:
    published = STAND_IN if failure.stand_in else "no"
    table.writerow([failure.name, failure.source, failure.stage, failure.reason, published])
  return text.getvalue()
