"""The errors a user can cause and mend: one line each, naming the thing, the problem and the remedy.

Binaries print `str(error)` on one line and exit non-zero; anything that is not a `PrivaiError` is a
defect of ours and keeps its traceback.

Messages are written with flags ("choose another --output_dir"). Where a command runs they are read so;
elsewhere `str` gives the names that Python and HTTP have ("choose another output_dir"), but for whole
command lines ("python -m privai_tf.ledger create --ledger=l.db").
"""

import contextlib
import re
from collections.abc import Iterator

_COMMAND_OR_FLAG = re.compile(
  r"((?:python -m [\w.]+|pip)(?: [a-z_]+)?(?: --[\w-]+(?:=\S+)?)*)|(?<![^\s(])--(?=[a-z])"
)
_commands_running = 0


@contextlib.contextmanager
def command_running() -> Iterator[None]:
  """For the block, and in all threads, errors speak of flags: a command line was given."""
  global _commands_running
  _commands_running += 1
  try:
    yield
  finally:
    _commands_running -= 1


def without_flags(text: str) -> str:
  """A message with the names of Python and HTTP: "--steps=0" is "steps=0"."""
  return _COMMAND_OR_FLAG.sub(lambda found: found[1] or "", text)


class PrivaiError(Exception):
  """Base of every error that a user can cause and mend."""

  def __str__(self) -> str:
    text = super().__str__()
    return text if _commands_running else without_flags(text)


class ConfigurationError(PrivaiError, ValueError):
  """Flags or specification values that contradict each other or are out of range (exit code 2)."""


class InputError(PrivaiError, ValueError):
  """An input (photo, latent file, boundary) that cannot be used (exit code 1)."""


class OutputError(PrivaiError, OSError):
  """A place that cannot be written: full disk, missing permission, a file where a folder should be."""


class CheckpointError(PrivaiError, ValueError):
  """A checkpoint folder, or official network file, that is damaged or of another kind than expected."""


class LatentSpaceError(InputError):
  """Latents or a boundary of another latent space, or another width, than the one in use."""
