"""README's Python runs as it stands."""

import os
import pathlib
import re

import pytest
from PIL import Image

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_python_block_runs_in_a_clone(repository, tmp_path, monkeypatch):
  (block,) = _BLOCK.findall((repository / "README.md").read_text(encoding="utf-8"))
  (tmp_path / "docs").symlink_to(repository / "docs")
  monkeypatch.chdir(tmp_path)
  names = {}
  exec(compile(block, "README.md", "exec"), names)
  assert {path.name for path in pathlib.Path().iterdir()} == {
    "docs",
    "sweep.png",
    "coordinates.png",
  }
  epsilons = [release.guarantee.epsilon for release in names["releases"]]
  assert epsilons == [0.5, 1, 2, 4, 8]
  assert all(release.guarantee.private for release in names["releases"])
  assert f"add up to epsilon {sum(epsilons)}" in (repository / "README.md").read_text()
  count = len(os.listdir("docs/pictures/portraits"))
  with Image.open("sweep.png") as sheet:
    assert sheet.size == (count * 130 - 2, 6 * 130 - 2)
