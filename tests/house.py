"""Where commands and flags may be, measured from the source: `python -m tests.house`.

Commands have a room; a flag that several of them have is defined once; nobody imports a command; and a
module has one name.
"""

import ast
import pathlib
import sys
from collections import defaultdict
from collections.abc import Iterator

from privai_tf.runtime.shared_flags import SHARED_FLAGS
from tests.contracts import PACKAGES, imports, parsed

_ROOM = "privai_tf/commands"
# A module that `python -m` runs by its own name, beside the `__main__` of packages.
_OTHER_COMMANDS = ("converters/perceptual.py",)
_SHARED = "privai_tf/runtime/shared_flags.py"
# One word, two things: what it is called in each is older than this rule.
_TWO_THINGS = {
  "align": "how a face is cut out; of the gateway: which ways are on offer",
  "faces": "which of a photo's; of evaluate: how many",
  "input": "of the main job a flag of its own kind, which may be given once only",
  "network": "of convert: which of a file's; of perceptual: the file",
  "state_dir": "of a job; of the ledger: those of several jobs",
  "workers": "processes; of the gateway: threads",
}
_SECOND_NAMES = ("converters", "demo")
_EVERYWHERE = (*PACKAGES, "demo", "benchmarks", "tests")


def _files(root: pathlib.Path, folders: tuple[str, ...]) -> Iterator[tuple[str, ast.Module]]:
  for folder in folders:
    for path in sorted((root / folder).rglob("*.py")):
      yield path.relative_to(root).as_posix(), parsed(path)


def _calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
  for node in ast.walk(tree):
    if isinstance(node, ast.Call):
      yield ast.unparse(node.func), node


def commands_elsewhere(root: pathlib.Path) -> list[str]:
  """Modules outside the room that are commands, and modules in the room that are none."""
  found = []
  for name, tree in _files(root, PACKAGES):
    is_one = any(called == "command.run" for called, _ in _calls(tree))
    in_room = name.startswith(f"{_ROOM}/") and not name.endswith("__init__.py")
    allowed = in_room or name.endswith("/__main__.py") or name in _OTHER_COMMANDS
    if is_one and not allowed:
      found.append(f"{name}: a command outside {_ROOM}/")
    if in_room and not is_one:
      found.append(f"{name}: no command, in {_ROOM}/")
  return found


def flags_defined_twice(root: pathlib.Path) -> list[str]:
  """Flags that two modules define, or one defines that is shared already."""
  places = defaultdict(set)
  for name, tree in _files(root, PACKAGES):
    for called, call in _calls(tree):
      kind = called.rpartition(".")[2]
      if kind.startswith("DEFINE_") and kind != "DEFINE_alias" and name != _SHARED:
        places.update({flag: {*places[flag], name} for flag in _name(call)})
  return [
    f"--{flag}: {', '.join(sorted(where))}{' beside ' + _SHARED if flag in SHARED_FLAGS else ''}"
    for flag, where in sorted(places.items())
    if flag not in _TWO_THINGS and (len(where) > 1 or flag in SHARED_FLAGS)
  ]


def _name(call: ast.Call) -> list[str]:
  """The flag that a call defines; none where it is made from something else."""
  first = call.args[0] if call.args else None
  return [first.value] if isinstance(first, ast.Constant) else []


def imports_of_commands(root: pathlib.Path) -> list[str]:
  """Modules that reach up to a command: what it does is to be had below it."""
  room = _ROOM.replace("/", ".")
  return [
    f"{name} imports {command}"
    for name, asked in sorted(imports(root).items())
    for command in sorted(asked)
    if command.startswith(f"{room}.")
  ]


def second_names(root: pathlib.Path) -> list[str]:
  """Imports by the folder's name of what is called `privai_tf.converters` and `privai_tf.demo`."""
  found = []
  for name, tree in _files(root, _EVERYWHERE):
    for node in ast.walk(tree):
      asked = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
      if isinstance(node, ast.ImportFrom) and not node.level:
        asked = [node.module or ""]
      wrong = [one for one in asked if one.split(".")[0] in _SECOND_NAMES]
      found += [f"{name} imports {one}, which is privai_tf.{one}" for one in wrong]
  return found


def faults(root: pathlib.Path) -> list[str]:
  """All that is wrong with the house, a line each."""
  return [
    *commands_elsewhere(root),
    *flags_defined_twice(root),
    *imports_of_commands(root),
    *second_names(root),
  ]


if __name__ == "__main__":
  found = faults(pathlib.Path(__file__).resolve().parents[1])
  print(*found, f"{len(found)} faults", sep="\n")
  sys.exit(bool(found))
