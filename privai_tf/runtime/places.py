"""Places that must not meet: what is published, and what is not."""

from pathlib import Path

from privai_tf.errors import ConfigurationError
from privai_tf.runtime.files import shown
from privai_tf.runtime.stores import StorePath


def require_apart(output_dir: Path | StorePath, private_dir: Path | StorePath) -> None:
  """Refuses a private folder that would be published with the output folder, and the reverse.

  Raises:
    ConfigurationError: if one folder is the other or lies inside it.
  """
  output, private = (f"{path.resolve()}/" for path in (output_dir, private_dir))
  if output.startswith(private) or private.startswith(output):
    raise ConfigurationError(
      f"The private folder {shown(private_dir)} and the output folder {shown(output_dir)} must be "
      "apart: choose two folders, neither inside the other."
    )
