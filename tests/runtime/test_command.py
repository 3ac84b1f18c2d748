"""Exit codes and the one line that a user gets."""

import os
import subprocess
import sys

import pytest

_PROGRAM = """
from absl import flags
from privai_tf.errors import ConfigurationError, InputError
from privai_tf.runtime import command
_KIND = flags.DEFINE_enum("kind", "fine", ["fine", "some", "flags", "input", "stop", "bug"], "")
def main(arguments):
  print(arguments)
  if _KIND.value == "flags": raise ConfigurationError("size is 0; give more")
  if _KIND.value == "input": raise InputError("x.png: broken; make it anew")
  if _KIND.value == "stop": raise KeyboardInterrupt
  if _KIND.value == "bug": raise ValueError("ours")
  return 1 if _KIND.value == "some" else None
command.run(main, ("PICKLE",))
"""


def _run(repository, *arguments):
  return subprocess.run(
    [sys.executable, "-c", _PROGRAM, *arguments],
    cwd=repository,
    capture_output=True,
    text=True,
    check=False,
  )


@pytest.mark.parametrize(
  ("arguments", "code", "line"),
  [
    (["file"], 0, ""),
    (["file", "--kind=some"], 1, ""),
    (["file", "--kind=flags"], 2, "size is 0; give more"),
    (["file", "--kind=input"], 1, "x.png: broken; make it anew"),
    (["file", "--kind=stop"], 130, "Interrupted"),
    (["file", "--kind=else"], 2, "kind"),
    (["file", "--unknown=1"], 2, "unknown"),
    ([], 2, "Expected PICKLE; got: none"),
    (["file", "second"], 2, "got: file second"),
  ],
)
def test_exit_code_and_one_line(repository, arguments, code, line):
  result = _run(repository, *arguments)
  assert result.returncode == code
  lines = result.stderr.splitlines()
  assert len(lines) == (1 if line else 0)
  assert line in result.stderr


def test_help_is_no_failure(repository):
  result = _run(repository, "--help")
  assert result.returncode == 0
  assert "--kind" in result.stdout


def test_a_defect_of_ours_keeps_its_traceback(repository):
  result = _run(repository, "file", "--kind=bug")
  assert result.returncode == 1
  assert "Traceback" in result.stderr


def test_what_is_written_while_starting_is_shown_only_on_failure(repository):
  program = """
import os, sys
from privai_tf.runtime import startup
def start():
  os.write(2, b"chatter ")
  if sys.argv[1] == "fail": raise ImportError("no TensorFlow")
startup._start = start
startup.start_tensorflow()
os.write(2, b"after")
"""
  results = [
    subprocess.run(
      [sys.executable, "-c", program, mode], cwd=repository, capture_output=True, check=False
    )
    for mode in ("pass", "fail")
  ]
  assert results[0].stderr == b"after"
  assert b"chatter" in results[1].stderr
  assert b"no TensorFlow" in results[1].stderr


def test_a_locale_without_these_letters(repository):
  """A name that standard output cannot spell is escaped; it is no reason to end in a traceback."""
  name = "Zoë 日本.png"
  program = _PROGRAM.replace("print(arguments)", f"print({name!a})")
  told = {
    locale: subprocess.run(
      [sys.executable, "-c", program, "file"],
      cwd=repository,
      env={**os.environ, "LC_ALL": locale, "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
      capture_output=True,
      check=False,
    )
    for locale in ("C", "C.UTF-8")
  }
  assert [(one.returncode, one.stderr) for one in told.values()] == [(0, b"")] * 2
  assert told["C"].stdout == name.encode("ascii", "backslashreplace") + b"\n"
  assert told["C.UTF-8"].stdout.decode() == f"{name}\n"


def test_private_files_are_the_owners_whatever_the_umask(tmp_path):
  from privai_tf.runtime import files

  before = os.umask(0)
  try:
    folder = files.make_private_folder(tmp_path / "private")
    files.write_json(folder / "figures.json", {}, private=True)
  finally:
    os.umask(before)
  assert folder.stat().st_mode & 0o777 == 0o700
  assert (folder / "figures.json").stat().st_mode & 0o777 == 0o600


_GROUPED = '''"""Does this and that.

100% of it.
"""
from absl import flags
from privai_tf.runtime import command, command_help
flags.DEFINE_string("zeta", None, "The last of the alphabet.")
flags.DEFINE_integer("alpha", 3, "The first of it.", lower_bound=1)
flags.DEFINE_bool("beta", False, "A switch.")
flags.DEFINE_string("gamma", None, "Rarely needed.")
flags.DEFINE_alias("old_zeta", "zeta")
command_help.group("Switches", ("beta", "zeta"))
command_help.first("zeta", "alpha")
command.run(print)
'''


def test_help_begins_with_what_one_needs(repository, tmp_path):
  """Then groups, the rest, and old names; each flag once."""
  program = tmp_path / "program.py"
  program.write_text(_GROUPED, encoding="utf-8")
  told = subprocess.run(
    [sys.executable, str(program), "--help"],
    env=os.environ | {"PYTHONPATH": f"{repository}{os.pathsep}{os.environ['PYTHONPATH']}"},
    capture_output=True,
    text=True,
    check=True,
  ).stdout
  assert (
    told
    == """Does this and that.

100% of it.

What you need first:
  --zeta: The last of the alphabet.
  --alpha: The first of it.
    (default: '3')
    (a positive integer)

Switches:
  --[no]beta: A switch.
    (default: 'false')

Further flags:
  --gamma: Rarely needed.

Names of earlier versions:
  --old_zeta: Alias for --zeta.

--helpfull also lists those of the libraries.
"""
  )
