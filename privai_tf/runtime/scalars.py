"""Figures of a run for TensorBoard. They are computed from the photos, so the folder is private."""

import pathlib
from collections.abc import Mapping

from privai_tf.runtime.files import make_private_folder


class Scalars:
  """Writes scalars to a private folder.

  Args:
    folder: made if need be.
    suffix: tells apart the processes that share the folder.
  """

  def __init__(self, folder: pathlib.Path, suffix: str = ""):
    import tensorflow as tf

    make_private_folder(folder)
    self._summary = tf.summary
    self._writer = tf.summary.create_file_writer(str(folder / f"run{suffix}"))

  def write(self, step: int, values: Mapping[str, float]) -> None:
    """Writes values at a step; they are on the disk when this returns."""
    with self._writer.as_default(step=step):
      for name, value in values.items():
        self._summary.scalar(name, value)
    self._writer.flush()

  def close(self) -> None:
    """Closes the file."""
    self._writer.close()
