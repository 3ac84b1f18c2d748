"""The precision of a job: what draws its releases, and what its searches leave alone."""

import dataclasses

import numpy as np
import pytest

from privai_tf.artifacts import Inversion
from privai_tf.inversion import InversionSpec
from privai_tf.jobs import stages as module
from privai_tf.jobs.inputs import Content, Portrait
from privai_tf.jobs.outcomes import Loaded
from privai_tf.jobs.stages import Stages
from privai_tf.runtime import precision


@pytest.mark.parametrize(
  ("asked", "drawn", "searched"),
  [
    ("auto", "bfloat16", "float32"),  # One release path on every machine.
    ("bfloat16", "bfloat16", "bfloat16"),
    ("float32", "float32", "float32"),
  ],
)
def test_auto_draws_by_the_machine_and_searches_as_everywhere(
  job_on_codes, tmp_path, monkeypatch, asked, drawn, searched
):
  monkeypatch.delenv("PRIVAI_PRECISION")
  monkeypatch.setattr(precision, "_processor_multiplies", lambda: True)
  job = job_on_codes(1, input_latents=None, input=str(tmp_path), public_codes=0)
  spec = InversionSpec(latent_space="W", steps=1, init="mean", precision=asked)
  stages = Stages(dataclasses.replace(job.recipe, inversion=spec))
  used, synthesize = [], stages.generator.synthesize

  def draws(codes, **settings):
    used.append(settings.get("precision", "float32"))
    return synthesize(codes, **settings)

  def finds(images, generator, spec, report):
    used.append(spec.precision)
    count = len(images)
    codes = np.random.default_rng(0).normal(size=(count, 16)).astype(np.float32)
    figures = np.zeros((1, count), np.float32)
    return Inversion(codes, "W", images, figures, figures[0], 0.0, np.ones(count, int), None)

  monkeypatch.setattr(stages.generator, "synthesize", draws)
  monkeypatch.setattr(module, "invert", finds)
  photo = np.zeros((32, 32, 3), np.float32)
  (outcome,) = stages.process([Loaded(Portrait("a", "a"), Content((photo,), photo))])
  assert outcome.failure is None
  # Afterwards figures are told, which are float32's.
  assert used[:2] == [searched, drawn]
  assert set(used[2:]) <= {"float32"}
  assert stages.precision == drawn
