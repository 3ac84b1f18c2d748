"""Derives Bazel's BUILD files from the tree and its imports: `python tests/build_targets.py` rewrites them.

A BUILD in every folder with Python files, which names these and no others: a target for every module,
binary and test, whose `deps` are what the file really imports, also inside functions (most of
TensorFlow's imports are late). Packages from PyPI come from the environment's interpreter; empty
`pip/...` targets of the top-level BUILD stand for them, so that they can be queried.
"""

import ast
import dataclasses
import pathlib
import sys

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
_ROOTS = ("privai_tf", "converters", "demo", "benchmarks", "tests")
_DATA = ("checkpoints", "boundaries")
_INSIDE = ("converters", "demo")  # See setup.py.
_TEST_MAIN = "//tests:bazel_main.py"
_HEADER = '''"""One target for every module, binary and test of this folder.

Made by `python tests/build_targets.py` from the imports; a test keeps it in step.
"""

package(default_visibility = ["//visibility:public"])

licenses(["notice"])
'''


@dataclasses.dataclass(frozen=True)
class Target:
  """One rule of a BUILD file.

  Attributes:
    rule: py_library, py_binary or py_test.
    source: the file, from the repository's root.
    dependencies: labels, `//folder:name`.
    data: labels.
  """

  rule: str
  source: pathlib.Path
  dependencies: tuple[str, ...]
  data: tuple[str, ...] = ()

  @property
  def label(self) -> str:
    return _label(self.source)

  def text(self) -> str:
    sources = (self.source.name, *([_TEST_MAIN] if self.rule == "py_test" else []))
    dependencies = sorted(_within(label, self.source.parent) for label in self.dependencies)
    lines = [f"{self.rule}(", f'    name = "{self.source.stem}",']
    for field, values in (("srcs", sources), ("data", self.data), ("deps", dependencies)):
      if len(values) == 1:
        lines.append(f'    {field} = ["{values[0]}"],')
      elif values:
        lines.append(f"    {field} = [")
        lines += [f'        "{value}",' for value in values]
        lines.append("    ],")
    if self.rule == "py_binary":
      lines.append(f'    main = "{self.source.name}",')
    if self.rule == "py_test":
      lines += [f'    main = "{_TEST_MAIN}",', f'    args = ["{self.source}"],']
    return "\n".join([*lines, ")"])


def _files() -> list[pathlib.Path]:
  found = [REPOSITORY / "run_privatize.py"]
  for root in _ROOTS:
    found += sorted((REPOSITORY / root).rglob("*.py"))
  return [path.relative_to(REPOSITORY) for path in found if path.exists()]


def _module_of(path: pathlib.Path) -> str:
  """Its only name: what lies beside `privai_tf` and is installed inside it is called so, too."""
  parts = path.with_suffix("").parts
  if parts[0] in _INSIDE and len(parts) > 1 and parts[1:] != ("__init__",):
    parts = ("privai_tf", *parts)
  return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _label(path: pathlib.Path) -> str:
  folder = "" if path.parent == pathlib.Path() else path.parent.as_posix()
  return f"//{folder}:{path.stem}"


def _within(label: str, folder: pathlib.Path) -> str:
  """A label as its own folder's BUILD has it: without the folder."""
  package, _, name = label.partition(":")
  return f":{name}" if package == _label(folder / "x").partition(":")[0] else label


def _strings_naming_modules(tree: ast.AST, modules: dict[str, pathlib.Path]) -> set[str]:
  """Modules that a lazy facade names in a string, as `{"invert": "privai_tf.inversion"}` does."""
  return {
    node.value
    for node in ast.walk(tree)
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in modules
    if "." in node.value
  }


def _imported(path: pathlib.Path, modules: dict[str, pathlib.Path]) -> set[str]:
  """Absolute names of everything a file imports, at any depth."""
  tree = ast.parse((REPOSITORY / path).read_text(encoding="utf-8"))
  package = _module_of(path) if path.name == "__init__.py" else _module_of(path).rpartition(".")[0]
  names = _strings_naming_modules(tree, modules)
  for node in ast.walk(tree):
    if isinstance(node, ast.Import):
      names |= {alias.name for alias in node.names}
    elif isinstance(node, ast.ImportFrom):
      base = node.module or ""
      if node.level:
        parent = package.split(".")[: len(package.split(".")) - node.level + 1]
        base = ".".join([*parent, base] if base else parent)
      for alias in node.names:
        full = f"{base}.{alias.name}"
        names.add(full if full in modules else base)
  return names


def _dependencies(path: pathlib.Path, modules: dict[str, pathlib.Path]) -> tuple[str, ...]:
  labels = set()
  for name in _imported(path, modules):
    top = name.split(".")[0]
    if name in modules:
      labels.add(_label(modules[name]))
      if modules[name].parts[0] in _INSIDE:
        # `privai_tf.demo` is the small package that leads to the folder.
        labels.add(_label(pathlib.Path("privai_tf") / modules[name].parts[0] / "__init__.py"))
    elif top in sys.stdlib_module_names or top in _DATA:
      continue
    elif top in _ROOTS:
      raise ValueError(f"{path}: imports {name}, which is no module of this repository")
    elif f"{path.parent.as_posix().replace('/', '.')}.{top}" in modules:
      labels.add(_label(path.parent / top))
    else:
      labels.add(f"//:pip/{top}")
  # A module cannot be imported without its packages' __init__ files.
  for parent in path.parents:
    init = parent / "__init__.py"
    if init != path and (REPOSITORY / init).exists() and _module_of(init) in modules:
      labels.add(_label(init))
  if path.name.startswith("test_"):
    fixtures = [parent / "conftest.py" for parent in path.parents]
    labels |= {_label(each) for each in fixtures if (REPOSITORY / each).exists()}
    labels.add("//:pip/pytest")
  labels.discard(_label(path))
  return tuple(sorted(labels))


def _without_cycles(targets: list[Target]) -> list[Target]:
  """Drops what Bazel refuses: a facade's lazy references to the modules that name it as parent."""
  reachable = {target.label: set(target.dependencies) for target in targets}
  kept = []
  for target in targets:
    dependencies = target.dependencies
    if target.source.name == "__init__.py":
      dependencies = tuple(
        label for label in dependencies if not _reaches(label, target.label, reachable)
      )
      reachable[target.label] = set(dependencies)
    kept.append(dataclasses.replace(target, dependencies=dependencies))
  return kept


def _reaches(start: str, goal: str, graph: dict[str, set[str]]) -> bool:
  seen, waiting = set(), [start]
  while waiting:
    name = waiting.pop()
    if name == goal:
      return True
    if name not in seen:
      seen.add(name)
      waiting += graph.get(name, ())
  return False


def _rule(path: pathlib.Path, source: str) -> str:
  if path.name.startswith("test_"):
    return "py_test"
  return "py_binary" if 'if __name__ == "__main__":' in source else "py_library"


def targets() -> list[Target]:
  """Every target of every folder, in the order of the files."""
  modules = {_module_of(path): path for path in _files()}
  found = []
  for path in _files():
    source = (REPOSITORY / path).read_text(encoding="utf-8")
    data = ()
    if path.parts[0] == "tests":
      data = ("//:data", "//tests:data")
    elif path.name == "run_privatize.py":
      data = (":data",)
    found.append(Target(_rule(path, source), path, _dependencies(path, modules), data))
  return _without_cycles(found)


def build_files() -> dict[pathlib.Path, str]:
  """The text of each BUILD file by its place, from the repository's root."""
  rules = targets()
  by_folder: dict[pathlib.Path, list[Target]] = {}
  for rule in rules:
    by_folder.setdefault(rule.source.parent, []).append(rule)
  return {
    folder / "BUILD": "\n".join(
      [_HEADER, *_extras(folder, rules), *(rule.text() + "\n" for rule in by_folder[folder])]
    )
    for folder in sorted(by_folder)
  }


def _extras(folder: pathlib.Path, rules: list[Target]) -> list[str]:
  """What a folder's BUILD has besides its Python files."""
  if folder == pathlib.Path("tests"):
    exported = 'exports_files(["bazel_main.py"])\n'
    return [exported, 'filegroup(\n    name = "data",\n    srcs = glob(["data/**"]),\n)\n']
  if folder != pathlib.Path():
    return []
  globs = ", ".join(f'"{data}/**"' for data in _DATA)
  group = (
    f'filegroup(\n    name = "data",\n    srcs = glob([{globs}]) + ["BUILD", "setup.cfg"],\n)\n'
  )
  packages = sorted(
    {label for rule in rules for label in rule.dependencies if label.startswith("//:pip/")}
  )
  return [
    'exports_files(["LICENSE"])\n',
    group,
    *(f'py_library(name = "{label.partition(":")[2]}")\n' for label in packages),
  ]


def write() -> None:
  """Writes every BUILD file, and removes those of folders that have no Python files any more."""
  wanted = build_files()
  for root in _ROOTS:
    for path in (REPOSITORY / root).rglob("BUILD"):
      if path.relative_to(REPOSITORY) not in wanted:
        path.unlink()
  for path, text in wanted.items():
    (REPOSITORY / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
  write()
