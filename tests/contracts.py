"""What public functions owe their readers, measured from the source: `python -m tests.contracts`.

A function of a module whose parameters hold a number or an array says in `Args:` what they are; one
that raises says in `Raises:` what and when.
"""

import ast
import functools
import pathlib
import re
import sys
from collections.abc import Iterator

PACKAGES = ("privai_tf", "converters")
_QUANTITY = re.compile(
  r"\b(int|float|complex|ndarray|ArrayLike|Tensor|KerasTensor|Codes|FlatCodes|Images)\b|Array"
)
_COMMAND = "main"  # What absl hands it is no quantity.


@functools.cache
def parsed(path: pathlib.Path) -> ast.Module:
  """The source of a file, read once."""
  return ast.parse(path.read_text(encoding="utf-8"))


def public_functions(root: pathlib.Path) -> Iterator[tuple[str, ast.FunctionDef]]:
  """Functions at the top of the packages' modules, with "path:line name"."""
  for package in PACKAGES:
    for path in sorted((root / package).rglob("*.py")):
      for node in parsed(path).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
          yield f"{path.relative_to(root).as_posix()}:{node.lineno} {node.name}", node


def takes_quantities(function: ast.FunctionDef) -> bool:
  """Whether a parameter is annotated as a number or an array."""
  notes = [ast.unparse(one.annotation) for one in _parameters(function) if one.annotation]
  return function.name != _COMMAND and any(map(_QUANTITY.search, notes))


def raises(function: ast.FunctionDef) -> bool:
  """Whether it raises an error of its own making; what inner functions raise is theirs."""
  waiting: list[ast.AST] = list(function.body)
  while waiting:
    node = waiting.pop()
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
      return True
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
      waiting.extend(ast.iter_child_nodes(node))
  return False


def lacking(root: pathlib.Path) -> list[str]:
  """Every function that owes something, and what."""
  missed = []
  for name, function in public_functions(root):
    words = ast.get_docstring(function) or ""
    if takes_quantities(function) and "Args:" not in words:
      missed.append(f"{name}: Args")
    if raises(function) and "Raises:" not in words:
      missed.append(f"{name}: Raises")
  return missed


def module_name(path: pathlib.Path) -> str:
  """The one name of a module by its path: the converters are `privai_tf.converters`, see setup.py."""
  parts = path.with_suffix("").parts
  if parts[0] == "converters" and parts[1:] != ("__init__",):
    parts = ("privai_tf", *parts)
  return ".".join(parts).removesuffix(".__init__")


def imports(root: pathlib.Path) -> dict[str, set[str]]:
  """By module, the modules of the packages that it imports anywhere, late imports included.

  What a name of a package's facade leads to is not followed: it is looked up when it is used.
  """
  paths = [path for package in PACKAGES for path in (root / package).rglob("*.py")]
  modules = {module_name(path.relative_to(root)): path for path in paths}
  graph = {}
  for name, path in modules.items():
    asked: set[str] = set()
    for node in ast.walk(parsed(path)):
      if isinstance(node, ast.Import):
        asked.update(alias.name for alias in node.names)
      elif isinstance(node, ast.ImportFrom) and node.module:
        members = {f"{node.module}.{alias.name}" for alias in node.names}
        asked.update(members & modules.keys() or {node.module})
    graph[name] = asked & modules.keys()
  return graph


def without_shape(root: pathlib.Path, places: dict[str, tuple[str, ...]]) -> list[str]:
  """Codes and images that functions or methods take or give as plain arrays; see `shapes`.

  Args:
    root: of the repository.
    places: by path, the names of the functions; all of them must be there.
  """
  shaped, found = {"codes", "latents", "z", "w", "images", "reconstructions", "return"}, []
  for path, names in places.items():
    tree = ast.parse((root / path).read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert {function.name for function in functions} >= set(names), path
    for function in functions:
      notes = {one.arg: one.annotation for one in _parameters(function)}
      for name, note in {**notes, "return": function.returns}.items():
        if (
          function.name in names and name in shaped and "ndarray" in ast.unparse(note or ast.Pass())
        ):
          found.append(f"{path} {function.name}: {name}")
  return found


def given_job(root: pathlib.Path) -> set[str]:
  """Where the main job's `Job` goes as a whole: "module function", and "module -> function called".

  A function takes it that has a parameter of that type. One is handed it that is called with a name
  or an attribute `job` in a module that knows the type; what a stage is given is a part,
  `job.recipe`.
  """
  home, found = "privai_tf.jobs.job", set()
  for path in sorted((root / "privai_tf").rglob("*.py")):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    module = ".".join(path.relative_to(root).with_suffix("").parts)
    if module == home or not any(
      isinstance(node, ast.ImportFrom) and node.module == home and _names_job(node)
      for node in ast.walk(tree)
    ):
      continue
    for node in ast.walk(tree):
      if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        notes = [one.annotation for one in _parameters(node) if one.annotation]
        if any(re.search(r"\bJob\b", ast.unparse(note)) for note in notes):
          found.add(f"{module} {node.name}")
      elif isinstance(node, ast.Call):
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        if ast.unparse(node.func) == "dataclasses.replace":
          continue  # Makes another.
        if any(ast.unparse(one).split(".")[-1] in ("job", "_job") for one in given):
          found.add(f"{module} -> {ast.unparse(node.func)}")
  return found


def _names_job(node: ast.ImportFrom) -> bool:
  return any(alias.name == "Job" for alias in node.names)


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
  given = function.args
  return [*given.posonlyargs, *given.args, *given.kwonlyargs]


if __name__ == "__main__":
  found = lacking(pathlib.Path(__file__).resolve().parents[1])
  print(*found, f"{len(found)} lacking", sep="\n")
  sys.exit(bool(found))
