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


def test_what_users_call_says_the_shapes_of_codes_and_images(repository):
  drawn = ("sample_z", "map", "truncate", "synthesize", "synthesize_batches")
  places = {
    "privai_tf/generators/generator.py": drawn,
    "privai_tf/generators/style_generator.py": ("map", "truncate"),
    "privai_tf/inversion/optimizer.py": ("invert", "find_codes"),
    "privai_tf/inversion/encoder.py": ("encode",),
    "privai_tf/inversion/latents.py": ("load_latents",),
    "privai_tf/inversion/quality.py": ("quality_report", "warnings"),
    "privai_tf/privacy/release.py": ("privatize",),
    "privai_tf/attributes/training.py": ("train_boundary", "train_conditional"),
  }
  assert contracts.without_shape(repository, places) == []


def test_no_stage_is_given_a_whole_job(repository):
  """Whoever runs a job has all of it: one process, a fleet's launcher, its workers, who need it sent."""
  beam = "privai_tf.fleet.beam"
  steps = {f"{beam} -> {name}" for name in ("Claims", "Pay", "Release", "Worker")}
  launcher = {f"{beam} {name}" for name in ("__init__", "run", "build", "_check", "_run_pipeline")}
  launcher |= {f"{beam} -> {name}" for name in ("build", "_check", "_run_pipeline")}
  assert contracts.given_job(repository) == steps | launcher | {
    "privai_tf.pipeline run",
    "privai_tf.fleet.steps __init__",
    "privai_tf.jobs.given_names check_names",  # Looks at the names in all parts.
  }


_KNOWS_JOB = "from privai_tf.jobs.job import Budget, Job\n"


@pytest.mark.parametrize(
  ("source", "where"),
  [
    (_KNOWS_JOB + "def stage(job: Job | None): pass", ["privai_tf.module stage"]),
    (_KNOWS_JOB + "def run(): stage(1, job=self._job)", ["privai_tf.module -> stage"]),
    (_KNOWS_JOB + "def run(): Stages(job.recipe, dataclasses.replace(job, readers=1))", []),
    ("def edit(job: EditJob): _check(job)", []),
  ],
)
def test_the_measure_of_whole_jobs(tmp_path, source, where):
  (tmp_path / "privai_tf").mkdir()
  (tmp_path / "privai_tf" / "module.py").write_text(source)
  assert sorted(contracts.given_job(tmp_path)) == where


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
