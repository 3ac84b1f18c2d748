"""`charges.csv`: which charge of the ledger paid for which picture. For the owner only.

The ledger knows subjects and release ids and no picture; the publishable folder knows pictures and
neither. A line is written once its charge is on the disk and before the picture can be seen; a job that
was killed in between pays again, for nothing, and writes the line then.
"""

import csv
import io
import os
import pathlib
from collections.abc import Iterable

from privai_tf.errors import OutputError
from privai_tf.privacy.ledger import Charge
from privai_tf.runtime.files import output_error

COLUMNS = (
  "release_id",
  "subject",
  "name",
  "epsilon",
  "delta",
  "spent_epsilon",
  "left_epsilon",
  "left_delta",
)


class ChargeBook:
  """Appends to a `charges.csv`; one writer at a time.

  Args:
    path: the file; made at the first charge, readable by its owner only.

  Raises:
    OutputError: if it cannot be read.
  """

  def __init__(self, path: pathlib.Path):
    self._path = path
    self._known: set[str] = set()
    self._size = 0
    try:
      content = path.read_bytes() if path.exists() else b""
    except OSError as error:
      raise output_error(path, error) from error
    # A killed writer may have left half a line; it is written again with its charge.
    whole = content[: content.rfind(b"\n") + 1]
    self._size = len(whole)
    rows = csv.DictReader(io.StringIO(whole.decode("utf-8", "replace")))
    self._known.update(row.get("release_id") or "" for row in rows)

  def write(self, charges: Iterable[tuple[str, Charge]]) -> None:
    """Appends charges that are not in the file yet; on the disk when this returns.

    Args:
      charges: names of outputs, and the charge of each.

    Raises:
      OutputError: if it cannot be written.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    if self._size == 0:
      table.writerow(COLUMNS)
    fresh = [(name, one) for name, one in charges if one.release_id not in self._known]
    for name, one in fresh:
      left = one.remaining
      figures = one.epsilon, one.delta, left.spent_epsilon, left.epsilon, left.delta
      table.writerow([one.release_id, one.subject, name, *map(repr, figures)])
    if fresh:
      self._append(text.getvalue().encode("utf-8"))
      self._known.update(one.release_id for _, one in fresh)

  def _append(self, data: bytes) -> None:
    try:
      descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
      with open(descriptor, "wb") as file:
        file.truncate(self._size)
        file.seek(self._size)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    except OSError as error:
      if isinstance(error, OutputError):
        raise
      raise output_error(self._path, error) from error
    self._size += len(data)
