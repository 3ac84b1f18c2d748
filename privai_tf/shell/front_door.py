"""Hides an attribute of faces, with a stated differential-privacy guarantee.

privai privatize --input=photo.png --attribute=smile --epsilon=1 --output_dir=out
privai NAME --help
"""

import difflib
import runpy
import sys

import privai_tf
from privai_tf.shell.commands import COMMANDS, summary

_BAD_USAGE = 2


def main() -> int:
  """Runs the command that is named first, as `python -m` would; lists all without one.

  Returns:
    The exit code, where the command does not end the process itself.
  """
  name, *rest = sys.argv[1:] or ["--help"]
  if name == "help" and rest:  # `privai help web` is `privai web --help`.
    name, rest = rest[0], ["--help"]
  if name in ("--help", "-h", "help"):
    print(overview())
    return 0
  if name in ("--version", "version"):
    print(f"privai-tf {privai_tf.__version__}")
    return 0
  name = name.replace("_", "-")
  if name not in COMMANDS:
    print(unknown(name), file=sys.stderr)
    return _BAD_USAGE
  sys.argv = [f"privai {name}", *rest]
  runpy.run_module(COMMANDS[name], run_name="__main__", alter_sys=True)
  return 0


def overview() -> str:
  """The list of commands with a line each."""
  width = max(map(len, COMMANDS))
  lines = [f"  {name:<{width}}  {summary(name)}" for name in COMMANDS]
  return "\n".join(
    [
      "privai: hides an attribute of a face, or the whole identity, with a stated guarantee.",
      "",
      *lines,
      "",
      "`privai NAME --help` lists a command's flags. `privai doctor` checks the installation.",
    ]
  )


def unknown(name: str) -> str:
  """The line for a name that is none, with those that are and begin alike, or else the nearest."""
  if name.startswith("-"):
    return f"Flags go after a command's name, and {name!r} is none; `privai` lists the commands."
  typed = name.lower()
  near = [one for one in COMMANDS if typed and one.startswith(typed)]
  near = near or difflib.get_close_matches(typed, COMMANDS, n=1)
  meant = (
    f"; did you mean {' or '.join(map(repr, near))}?" if near else "; `privai` lists the commands."
  )
  return f"There is no command {name!r}{meant}"
