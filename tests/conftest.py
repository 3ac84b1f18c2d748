"""Fixtures that every test folder uses."""

import os
import pathlib

import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> pathlib.Path:
  """The repository's root."""
  return REPOSITORY


@pytest.fixture(scope="session")
def shared_dir() -> pathlib.Path:
  """The folder with the large reference data; skips the test, saying why, where it is absent."""
  folder = pathlib.Path(os.environ.get("PRIVAI_SHARED", REPOSITORY.parent / "shared"))
  if not (folder / "official").is_dir():
    pytest.skip(f"large reference data not found at {folder} (set PRIVAI_SHARED)")
  return folder
