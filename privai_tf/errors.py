"""The errors a user can cause and mend: one line each, naming the thing, the problem and the remedy.

Binaries print `str(error)` on one line and exit non-zero; anything that is not a `PrivaiError` is a
defect of ours and keeps its traceback.
"""


class PrivaiError(Exception):
  """Base of every error that a user can cause and mend."""


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
