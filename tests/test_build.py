"""BUILD names every module with its true dependencies."""

import ast
import importlib.util


def _generator(repository):
  spec = importlib.util.spec_from_file_location(
    "build_targets", repository / "tests" / "build_targets.py"
  )
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  return module


def test_build_file_is_in_step_with_the_imports(repository):
  expected = _generator(repository).build_file()
  actual = (repository / "BUILD").read_text(encoding="utf-8")
  assert actual == expected, "run `python tests/build_targets.py`"


def test_every_python_file_has_one_target_and_every_label_exists(repository):
  tree = ast.parse((repository / "BUILD").read_text(encoding="utf-8"))
  names, sources, labels = set(), [], set()
  for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
    for keyword in call.keywords:
      if keyword.arg == "name":
        assert keyword.value.value not in names
        names.add(keyword.value.value)
      elif keyword.arg == "deps":
        labels |= {element.value[1:] for element in keyword.value.elts}
      elif keyword.arg == "srcs" and isinstance(keyword.value, ast.List):
        sources.append(keyword.value.elts[0].value)
  assert labels <= names
  expected = [
    str(path.relative_to(repository))
    for root in ("privai_tf", "converters", "demo", "benchmarks", "tests")
    for path in (repository / root).rglob("*.py")
  ]
  assert sorted(sources) == sorted([*expected, "run_privatize.py"])


def test_dependencies_point_one_way(repository):
  """The layers of the architecture: nothing below imports anything above it."""
  top = ("privai_tf/pipeline", "privai_tf/jobs", "privai_tf/fleet", "privai_tf/serving", "demo")
  stages = ("privai_tf/faces", "privai_tf/inversion", "privai_tf/attributes", "privai_tf/privacy")
  forbidden = {
    "privai_tf/runtime": (*top, *stages, "privai_tf/generators", "converters"),
    "privai_tf/generators": (*top, *stages),
    "privai_tf/privacy": (*top, "privai_tf/faces", "privai_tf/inversion", "converters"),
    "privai_tf/faces": (*top, *stages[1:], "converters"),
    "privai_tf/inversion": (*top, "privai_tf/faces", "privai_tf/privacy", "converters"),
    "privai_tf/attributes": (*top, "privai_tf/faces", "privai_tf/inversion"),
    "converters": (*top, *stages),
    "privai_tf/jobs": ("privai_tf/pipeline", "privai_tf/fleet", "privai_tf/serving"),
    "privai_tf/pipeline": ("privai_tf/fleet", "privai_tf/serving"),
  }
  # What reads files of others in a user's stead, as `generators.load` does; and the models and files
  # of ours that converters make of them.
  reads_others = ("privai_tf/inversion/given_encoder",)
  models = ("privai_tf/inversion/ir_se/", "privai_tf/inversion/encoder_storage")
  for target in _generator(repository).targets():
    for layer, above in forbidden.items():
      if target.name == layer or target.name.startswith(layer + "/"):
        wrong = [d for d in target.dependencies if d[1:].startswith(above)]
        if layer == "converters":
          wrong = [d for d in wrong if not d[1:].startswith(models)]
        elif target.name in reads_others:
          wrong = [d for d in wrong if not d[1:].startswith("converters")]
        assert not wrong, f"{target.name} imports {wrong}"
