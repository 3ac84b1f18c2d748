"""Which attributes a checkpoint has boundaries for."""

import re
from pathlib import Path

from privai_tf.runtime import search_path


def offered_attributes(checkpoint: str, latent_space: str) -> list[str]:
  """Their names, sorted; conditional boundaries are left out.

  Args:
    checkpoint: a name or a path.
    latent_space: "W", "W+" or "Z".
  """
  space = "z" if latent_space == "Z" else "w"
  found = search_path.names("boundaries", f"{Path(checkpoint).name}/*_{space}_boundary.npy")
  names = [re.sub(r"_[wz]_boundary\.npy$", "", path.name) for path in found]
  return [name for name in names if "_c_" not in name]
