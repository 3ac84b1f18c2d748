"""Where public results are kept between runs."""

import os
from pathlib import Path


def cache_base() -> Path:
  """`$PRIVAI_CACHE_DIR`, or `privai_tf` in the user's cache folder."""
  if given := os.environ.get("PRIVAI_CACHE_DIR"):
    return Path(given)
  base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
  return Path(base) / "privai_tf"
