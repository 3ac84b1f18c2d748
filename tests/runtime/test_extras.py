"""What a command says without its extra: one line, exit code 2, before TensorFlow is loaded."""

import os
import subprocess
import sys

import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.runtime.extras import require_packages

# As if the package were not installed, and TensorFlow were not to be loaded.
_HIDE = """
import sys
sys.modules["{module}"] = None
sys.modules["tensorflow"] = None
import runpy
sys.argv = {argv!r}
runpy.run_module("{command}", run_name="__main__")
"""


@pytest.mark.parametrize(
  ("command", "module", "extra", "flags"),
  [
    ("privai_tf.gateway", "fastapi", "serving", ["--ledger=l.db", "--tokens=t.json"]),
    ("privai_tf.gateway", "prometheus_client", "serving", ["--ledger=l.db", "--tokens=t.json"]),
    ("privai_tf.beam_privatize", "apache_beam", "beam", ["--output_dir=out"]),
    ("privai_tf.ledger", "psycopg", "postgres", ["show", "--ledger=postgresql://ada@/l"]),
  ],
)
def test_a_command_without_its_extra(repository, tmp_path, command, module, extra, flags):
  program = _HIDE.format(module=module, command=command, argv=[command, *flags])
  result = subprocess.run(
    [sys.executable, "-c", program],
    cwd=tmp_path,
    env=os.environ | {"PYTHONPATH": str(repository)},
    capture_output=True,
    text=True,
    check=False,
  )
  assert result.returncode == 2, result.stderr
  assert result.stderr.count("\n") == 1
  assert f"needs {module}" in result.stderr
  assert f"pip install 'privai-tf[{extra}]'" in result.stderr


def test_what_is_there_is_not_imported():
  require_packages("This", "any", "json", "this")
  assert "this" not in sys.modules
  with pytest.raises(ConfigurationError, match="This needs no_such_package, not installed here"):
    require_packages("This", "any", "json", "no_such_package")
