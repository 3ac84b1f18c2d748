"""Hides an attribute of faces, with a stated differential-privacy guarantee.

privai privatize --input=photo.png --attribute=smile --epsilon=1 --output_dir=out
privai NAME --help
"""

import difflib
import runpy
import sys

from privai_tf.shell.commands import COMMANDS, summary

_BAD_USAGE = 2


def main() -> int:
  """Runs the command that is named first, as `python -m` would; lists all without one.

  Returns:
    The exit code, where the command does not end the process itself.
  """
  name, *rest = sys.argv[1:] or ["--help"]
  if name in ("--help", "-h", "help"):
    print(overview())
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
  """The line for a name that is none, with the nearest that is."""
  near = difflib.get_close_matches(name, COMMANDS, n=1)
  meant = f"; did you mean {near[0]!r}?" if near else "; `privai` lists the commands."
  return f"There is no command {name!r}{meant}"
