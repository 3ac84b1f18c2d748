"""What is shipped for a checkpoint: beside it, or beside the boundaries that bear its name.

A checkpoint that is fetched from elsewhere comes alone; its boundaries, encoder and public codes lie
in `boundaries/NAME`. They know the weights that they belong to, so a name alone mistakes nothing.
"""

from pathlib import Path
from typing import Any

from privai_tf.runtime.search_path import search_path


def beside_boundaries(generator: Any, name: str) -> list[Path]:
  """Where something may lie for a checkpoint that was loaded from a folder, the first first.

  Args:
    generator: a `privai_tf.Generator`.
    name: of what is looked for, such as "encoder".

  Returns:
    Folders that need not exist; none for a generator without a folder.
  """
  if generator.folder is None:
    return []
  called = generator.folder.name
  return [base / called / name for base in search_path("boundaries")]
