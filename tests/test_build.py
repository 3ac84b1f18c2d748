"""The BUILD files name every module with its true dependencies."""

import ast
import importlib.util
import pathlib


def _generator(repository):
  spec = importlib.util.spec_from_file_location(
    "build_targets", repository / "tests" / "build_targets.py"
  )
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  return module


_ROOTS = ("privai_tf", "converters", "demo", "benchmarks", "tests")


def test_build_files_are_in_step_with_the_imports(repository):
  expected = _generator(repository).build_files()
  found = {
    path.relative_to(repository) for root in _ROOTS for path in (repository / root).rglob("BUILD")
  }
  assert found | {pathlib.Path("BUILD")} == set(expected), "run `python tests/build_targets.py`"
  for path, text in expected.items():
    actual = (repository / path).read_text(encoding="utf-8")
    assert actual == text, f"{path}: run `python tests/build_targets.py`"


def test_every_python_file_has_one_target_and_every_label_exists(repository):
  names, sources, labels = set(), [], set()
  for path in [
    repository / "BUILD",
    *(p for root in _ROOTS for p in (repository / root).rglob("BUILD")),
  ]:
    folder = path.parent.relative_to(repository).as_posix().removeprefix(".")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
      for keyword in call.keywords:
        if keyword.arg == "name":
          label = f"//{folder}:{keyword.value.value}"
          assert label not in names
          names.add(label)
        elif keyword.arg in ("deps", "data"):
          found = [element.value for element in keyword.value.elts]
          labels |= {f"//{folder}{label}" if label[0] == ":" else label for label in found}
        elif keyword.arg == "srcs" and isinstance(keyword.value, ast.List):
          sources.append(f"{folder}/{keyword.value.elts[0].value}".removeprefix("/"))
  assert labels <= names
  expected = [
    str(path.relative_to(repository))
    for root in _ROOTS
    for path in (repository / root).rglob("*.py")
  ]
  assert sorted(sources) == sorted([*expected, "run_privatize.py"])


def _place(label):
  """`//privai_tf/jobs:stages` -> `privai_tf/jobs/stages`."""
  return label.removeprefix("//").replace(":", "/").removeprefix("/")


def test_dependencies_point_one_way(repository):
  """The layers of the architecture: nothing below imports anything above it."""
  top = ("privai_tf/pipeline", "privai_tf/jobs", "privai_tf/fleet", "privai_tf/serving", "demo")
  stages = ("privai_tf/faces", "privai_tf/inversion", "privai_tf/attributes", "privai_tf/privacy")
  forbidden = {
    "privai_tf/runtime": (*top, *stages, "privai_tf/generators", "converters"),
    "privai_tf/generators": (*top, *stages, "converters"),
    "privai_tf/privacy": (*top, "privai_tf/faces", "privai_tf/inversion", "converters"),
    "privai_tf/faces": (*top, *stages[1:], "converters"),
    "privai_tf/inversion": (*top, "privai_tf/faces", "privai_tf/privacy", "converters"),
    "privai_tf/attributes": (*top, "privai_tf/faces", "privai_tf/inversion", "converters"),
    "converters": (*top, *stages),
    "privai_tf/jobs": ("privai_tf/pipeline", "privai_tf/fleet", "privai_tf/serving"),
    "privai_tf/pipeline": ("privai_tf/fleet", "privai_tf/serving"),
  }
  # Models and files of ours that converters make of others' files.
  models = (
    "privai_tf/inversion/ir_se/",
    "privai_tf/inversion/encoder_storage",
    "privai_tf/inversion/faceres",
  )
  for target in _generator(repository).targets():
    name, dependencies = _place(target.label), [_place(label) for label in target.dependencies]
    for layer, above in forbidden.items():
      if name == layer or name.startswith(layer + "/"):
        wrong = [d for d in dependencies if d.startswith(above)]
        if layer == "converters":
          wrong = [d for d in wrong if not d.startswith(models)]
        assert not wrong, f"{name} imports {wrong}"
