"""Inputs that could not be released as they are. Named for the owner, and for nobody else.

Scopes "image" and "metric" promise something about any two inputs, and whether an input can be used
is a property of the photo. So there it is released all the same, as the mechanism's output for the
public mean code: a *stand-in*, which looks, is called and costs like any other release.
"""

import csv
import dataclasses
import io
import pathlib
from collections.abc import Iterable

from privai_tf.errors import ConfigurationError
from privai_tf.runtime.files import shown

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


def read_failures(private_dir: pathlib.Path, suffix: str = "") -> dict[str, Failure]:
  """What the last run could not release, by source; stand-ins are released, once and for all.

  Args:
    private_dir: of that run.
    suffix: of the process, where several share the folder.

  Raises:
    ConfigurationError: if there is no such table, or it is damaged.
  """
  path = private_dir / f"failures{suffix}.csv"
  try:
    with open(path, newline="", encoding="utf-8") as file:
      return {
        row["source"]: Failure(*(row[name] for name in ("name", "source", "stage", "reason")))
        for row in csv.DictReader(file)
        if row["published"] != STAND_IN
      }
  except FileNotFoundError:
    raise ConfigurationError(
      f"--retry_failures: there is no {shown(path)}, in which a run names what failed; run the job "
      "without this flag first, with the same --private_dir"
    ) from None
  except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
    raise ConfigurationError(
      f"{shown(path)} cannot be read ({error!r}); run the job without --retry_failures"
    ) from error
