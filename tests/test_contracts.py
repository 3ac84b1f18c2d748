"""The house's rules that a script can measure: contracts of functions, and no circles."""

import graphlib

import pytest

from tests import contracts


def test_public_functions_say_what_they_take_and_raise(repository):
  assert contracts.lacking(repository) == []


def test_no_module_imports_itself_by_a_detour(repository):
  """Late imports count as well."""
  graph = contracts.imports(repository)
  assert graph["privai_tf.pipeline"] > {"privai_tf.jobs.job"}
  assert "privai_tf.serving.rest_transport" in graph["privai_tf.serving.transports"]
  assert len(list(graphlib.TopologicalSorter(graph).static_order())) == len(graph) > 400


@pytest.mark.parametrize(
  ("source", "owed"),
  [
    ("def f(x: int): pass", ["Args"]),
    ("def f(x: 'Sequence[np.ndarray]' = ()): 'Args:'", []),
    ("def f(x: str): raise ValueError('no')", ["Raises"]),
    ("def f(x: str):\n  try: pass\n  except OSError: raise", []),
    ("def f():\n  def inner(): raise ValueError('no')", []),
    ("def f():\n  async def inner(): raise ValueError('no')", []),
    ("def _f(x: int): raise ValueError('no')", []),
    ("class C:\n  def f(self, x: int): pass", []),
  ],
)
def test_the_measure(tmp_path, source, owed):
  (tmp_path / "privai_tf").mkdir()
  (tmp_path / "privai_tf" / "module.py").write_text(source)
  assert [line.rpartition(": ")[2] for line in contracts.lacking(tmp_path)] == owed
