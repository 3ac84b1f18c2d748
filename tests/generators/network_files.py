"""Network files in the layouts of several code bases, by the writer that lies with the reference data."""

import functools
import pathlib
import subprocess
import sys

import numpy as np
import pytest


class NetworkFiles:
  """Files and reference outputs, each file written once.

  Args:
    folder: `networks` in the folder of reference data.
    place: where files are written to.
  """

  def __init__(self, folder: pathlib.Path, place: pathlib.Path):
    self._folder, self._place = folder, place

  @functools.cache  # noqa: B019 - lives as long as the tests
  def path(self, config: str, variant: str | None = None) -> pathlib.Path:
    """The file of a configuration."""
    path = self._place / f"{config}-{variant}.pkl"
    command = [sys.executable, str(self._folder / "write_network.py"), config, str(path)]
    subprocess.run([*command, *([f"--variant={variant}"] if variant else [])], check=True)
    return path

  def arrays(self, config: str) -> dict[str, np.ndarray]:
    """The outputs of the original code."""
    with np.load(self._folder / f"{config}.npz") as arrays:
      return dict(arrays)


@pytest.fixture(scope="session")
def network_files(shared_dir, tmp_path_factory) -> NetworkFiles:
  """See `NetworkFiles`; skips the test where the reference data are absent."""
  folder = shared_dir / "networks"
  if not (folder / "write_network.py").is_file():
    pytest.skip(f"the writer of network files is not found in {folder} (set PRIVAI_SHARED)")
  return NetworkFiles(folder, tmp_path_factory.mktemp("networks"))
