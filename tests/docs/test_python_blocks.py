"""Python on the pages: it compiles, what it takes of ours is there, and the short blocks run.

README's block has a test of its own, tests/test_readme.py.
"""

import ast
import importlib.util
import pathlib

import pytest

from tests.docs.pages import pages, python_blocks

# By the first words of the block; what is not named here is executed.
_NOT_EXECUTED = {
  "README.md: import privai_tf": "has a test of its own",
  "docs/inversion.md: generator = ": "goes on from photos that the page's text has loaded",
  "docs/inversion.md: from privai_tf.inversion.quality": "the same; an inversion takes minutes",
  "docs/photos.md: import numpy": "needs group.jpg",
  "docs/serving.md: from privai_tf.serving": "needs a model server",
  "docs/toolkit.md: from privai_tf.attributes.subspaces": "needs a subspace that takes minutes",
  "docs/evidence.md: from privai_tf.attributes.spread": "goes on from codes of an experiment",
}


@pytest.fixture(scope="module")
def blocks(repository):
  """Name and source of each: the page and how the block begins."""
  return [
    (f"{page}: {' '.join(block.split())}", block)
    for page, text in pages(repository).items()
    for block in python_blocks(text)
  ]


def test_each_compiles(blocks):
  assert len(blocks) > len(_NOT_EXECUTED)
  for name, block in blocks:
    compile(block, name[:60], "exec")


def test_what_is_imported_of_ours_is_there(blocks):
  for name, block in blocks:
    for node in ast.walk(ast.parse(block)):
      if isinstance(node, ast.ImportFrom) and node.module.startswith("privai_tf"):
        for alias in node.names:
          assert _offers(node.module, alias.name), f"{name[:60]}: {node.module}.{alias.name}"
      elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "privai_tf":
        assert _offers("privai_tf", node.attr), f"{name[:60]}: privai_tf.{node.attr}"


def _offers(module, name):
  """Whether a module has a name, by its source alone: nothing is imported."""
  spec = importlib.util.find_spec(module)
  assert spec is not None, module
  source = pathlib.Path(spec.origin)
  if source.name == "__init__.py" and importlib.util.find_spec(f"{module}.{name}") is not None:
    return True
  names = set()
  for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
      names.add(node.name)
    elif isinstance(node, ast.ImportFrom):
      names |= {alias.asname or alias.name for alias in node.names}
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
      names.add(node.id)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
      names.add(node.value)  # Of packages that load their parts when they are asked for.
  return name in names


def test_the_exceptions_are_there(blocks):
  """Else the list has grown old."""
  for beginning in _NOT_EXECUTED:
    assert any(name.startswith(beginning) for name, _ in blocks), beginning


@pytest.mark.slow
def test_short_blocks_run(blocks):
  """With the figures that stand beside them: `best_attacker("laplace", 1.0)  # 0.697`."""
  executed = 0
  for name, block in blocks:
    if name.startswith(tuple(_NOT_EXECUTED)):
      continue
    exec(compile(block, name[:60], "exec"), names := {})
    executed += 1
    for figure, stated in _figures(block):
      value = eval(compile(figure, name[:60], "eval"), names)
      decimals = len(stated.partition(".")[2])
      assert value == pytest.approx(float(stated), abs=1.001 * 10**-decimals), figure
  assert executed >= 2


def _figures(block):
  """Expressions of one statement, and the number in the comment that ends their last line."""
  lines = block.splitlines()
  for node in ast.parse(block).body:
    if isinstance(node, ast.Expr):
      comment = lines[node.end_lineno - 1].partition("#")[2].strip()
      number = comment.split(" ")[0].rstrip(",.;:")
      if number.replace(".", "", 1).isdigit():
        yield ast.unparse(node), number
