"""What a wheel installs: one name, with which everything runs where no checkout is."""

import configparser
import os
import pathlib
import runpy
import shutil
import subprocess
import sys
import sysconfig
import venv

import numpy as np
import pytest
import setuptools

from privai_tf.shell.commands import COMMANDS
from tests.converters.ir_writer import random_weights, write_ir

_SOURCES = ("privai_tf", "converters", "demo", "checkpoints", "boundaries")
_FILES = ("setup.py", "setup.cfg", "pyproject.toml", "README.md", "LICENSE", "NOTICE")


@pytest.fixture
def said(repository, monkeypatch):
  """Gives what `setup.py` says in a folder."""

  def in_folder(folder):
    found = {}
    monkeypatch.chdir(folder)
    monkeypatch.setattr(setuptools, "setup", lambda **options: found.update(options))
    runpy.run_path(str(repository / "setup.py"))
    return found

  return in_folder


@pytest.fixture
def declared(repository, said):
  return said(repository)


def test_what_runs_wrote_is_no_package(said, tmp_path):
  for name in (
    "privai_tf",
    "demo",
    "demo/portrait",
    "demo_output",
    "boundaries.old",
    "privai_tf_out",
  ):
    (tmp_path / name).mkdir()
  assert said(tmp_path)["packages"] == ["privai_tf", "privai_tf.demo", "privai_tf.demo.portrait"]


def test_nothing_but_one_name_is_installed(declared, repository):
  assert {package.split(".")[0] for package in declared["packages"]} == {"privai_tf"}
  assert set(declared) == {"packages", "package_dir"}
  settings = configparser.ConfigParser()
  settings.read(repository / "setup.cfg")
  assert not {"packages", "py_modules", "scripts"} & set(settings["options"])


def test_every_folder_that_it_needs_is(declared, repository):
  wanted = set()
  for source in _SOURCES:
    for path in (repository / source).rglob("*"):
      if path.suffix in (".py", ".json", ".npy", ".npz", ".safetensors", ".keras"):
        wanted.add(path.parent.relative_to(repository).as_posix().replace("/", "."))
  inside = {
    folder if folder.startswith("privai_tf") else f"privai_tf.{folder}" for folder in wanted
  }
  assert inside <= set(declared["packages"])


@pytest.fixture(scope="module")
def installed(repository, tmp_path_factory):
  """Runs Python and `privai` in an environment that has the wheel, and our requirements."""
  folder = tmp_path_factory.mktemp("wheel")
  ours = shutil.ignore_patterns("__pycache__", "*.pkl*", "mobilestylegan*")
  for source in _SOURCES:
    # What a user downloaded into checkpoints/ is not of the wheel.
    skip = ours if source == "checkpoints" else shutil.ignore_patterns("__pycache__")
    shutil.copytree(repository / source, folder / "source" / source, ignore=skip)
  for name in _FILES:
    shutil.copy(repository / name, folder / "source" / name)
  pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
  offline = ["--no-deps", "--no-index"]
  make = [*pip, "wheel", *offline, "--no-build-isolation", f"--wheel-dir={folder}"]
  subprocess.run([*make, str(folder / "source")], check=True, capture_output=True)
  shutil.rmtree(folder / "source")
  (wheel,) = folder.glob("*.whl")
  venv.create(folder / "env", with_pip=False)
  python = folder / "env" / "bin" / "python"
  subprocess.run(
    [*pip, f"--python={python}", "install", *offline, str(wheel)], check=True, capture_output=True
  )
  (packages,) = (folder / "env" / "lib").glob("python*/site-packages")
  assert {path.name.split("-")[0] for path in packages.iterdir()} == {"privai_tf"}
  # The requirements are there already; a path file adds no editable installation.
  (packages / "requirements.pth").write_text(sysconfig.get_path("purelib"))
  here = folder / "elsewhere"
  here.mkdir()
  kept = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}

  def run(*arguments, program="privai"):
    command = [str(python.parent / program), *map(str, arguments)]
    return subprocess.run(
      command, cwd=here, env=kept, capture_output=True, text=True, check=False, timeout=500
    )

  run.folder, run.packages = here, packages
  return run


@pytest.mark.very_slow
def test_everything_runs_without_the_checkout(installed):
  where = installed("-c", "import privai_tf; print(privai_tf.__file__)", program="python")
  assert pathlib.Path(where.stdout.strip()).is_relative_to(installed.packages)
  listed = installed()
  assert listed.returncode == 0
  assert all(f"  {name} " in listed.stdout for name in COMMANDS)
  for name, module in COMMANDS.items():
    asked = installed(name, "--help")
    assert (asked.returncode, asked.stderr) == (0, ""), name
    short = module.replace(".commands.", ".").removesuffix(".__main__")
    own = installed("-m", short, "--help", program="python")
    assert (own.returncode, own.stdout) == (0, asked.stdout), name
  checked = installed("doctor")
  assert checked.returncode == 0, checked.stdout
  assert "network avatars" in checked.stdout


@pytest.mark.very_slow
def test_the_main_job_runs_without_the_checkout(installed):
  program = (
    "from privai_tf.demo.portrait import render; from privai_tf.demo.factors import sample_factors;"
    "from PIL import Image; import numpy as np;"
    "image = (render(sample_factors(1, 3), 64)[0] + 1) * 127.5;"
    "Image.fromarray(image.astype(np.uint8)).save('photo.png')"
  )
  drawn = installed("-c", program, program="python")
  assert drawn.returncode == 0, drawn.stderr
  done = installed("privatize", "--input=photo.png", "--attribute=smile", "--output_dir=out")
  assert done.returncode == 0, done.stderr
  assert len(list((installed.folder / "out").rglob("*.png"))) == 1
  # Without pictures it renders some.
  done = installed("privatize", "--num=1", "--output_dir=demo_out")
  assert done.returncode == 0, done.stderr


@pytest.mark.very_slow
def test_converters_run_without_the_checkout(installed):
  boundary = installed.packages / "privai_tf" / "boundaries" / "avatars" / "smile_w_boundary.npy"
  told = installed("convert", "--identify", boundary)
  assert told.returncode == 0, told.stderr
  assert "boundary" in told.stdout
  assert "mobilestylegan-ffhq" in installed("convert", "--list").stdout
  write_ir(random_weights(), installed.folder / "ir")
  done = installed("-m", "privai_tf.converters", "ir", "out_ir", program="python")
  assert done.returncode == 0, done.stderr
  made = installed("generate", "--checkpoint=out_ir", "--num=2", "--output_dir=samples")
  assert made.returncode == 0, made.stderr
  assert np.load(installed.folder / "samples" / "z.npy").shape[0] == 2
