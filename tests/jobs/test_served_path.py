"""A job that leaves the search open takes the path that public codes are shipped for, and says so."""

import dataclasses
import shutil
import types

from privai_tf.generators import load_generator
from privai_tf.inversion import InversionSpec
from privai_tf.inversion.public_codes import FOLDER, public_codes
from privai_tf.jobs.stages import Stages
from privai_tf.privacy.calibration import public_samples
from privai_tf.privacy.public_figures import loud_rest
from tests.inversion.test_encoder import new_encoder


def test_the_encoder_alone_is_taken_and_told(job_on_codes, tiny_checkpoint, tmp_path):
  folder = shutil.copytree(tiny_checkpoint, tmp_path / "tiny")
  generator = load_generator(folder)
  new_encoder(generator, "W").save(folder / "encoder")
  alone = InversionSpec(latent_space="W", steps=0)
  public_codes(generator, alone, count=16, folder=folder / FOLDER)
  job = job_on_codes(1, checkpoint=str(folder), input_latents=None, input=str(tmp_path))
  stages = Stages(job.recipe)
  assert stages.recipe.inversion == alone
  told = stages.advice.typed("photos", "other")
  assert "by the encoder alone" in told
  assert "--preset" not in told  # This family is not one in which people are recognized.
  assert stages.advice.notes == tuple(told.split("\n"))
  asked = Stages(dataclasses.replace(job.recipe, inversion=alone))
  assert not any("by the encoder alone" in note for note in asked.advice.notes)


def test_samples_stand_in_where_no_codes_are_to_be_made(job_on_codes, tiny_checkpoint, tmp_path):
  """The path is the photos' own all the same: another one's releases are about other neighbours."""
  job = job_on_codes(1, input_latents=None, input=str(tmp_path), public_codes=0)
  spec = InversionSpec(latent_space="W", steps=3, init="mean")
  stages = Stages(dataclasses.replace(job.recipe, inversion=spec))
  assert "not measured" in stages.guarantee.statement
  longer = Stages(dataclasses.replace(job.recipe, inversion=dataclasses.replace(spec, steps=4)))
  assert not longer.relation.covers(stages.relation)
  given = Stages(dataclasses.replace(job.recipe, codes_given=True))
  assert given.relation.release_path != stages.relation.release_path


def test_noise_that_will_be_seen_is_told(job_on_codes):
  """Pure noise grows with the root of the rest's numbers; a boundary for W serves W+."""
  job = job_on_codes(1, inversion=InversionSpec(latent_space="W+"))
  assert loud_rest(_with_rest(job, 0.5), load_generator(job.checkpoint)).startswith("The rest")
  assert loud_rest(_with_rest(job, 1e-3), load_generator(job.checkpoint)) is None


def _with_rest(job, scale):
  """What `loud_rest` looks at, with noise of this scale."""
  generator = load_generator(job.checkpoint)
  usual = float(public_samples(generator, "W+", 256, 0).std(axis=0).mean())
  rest = types.SimpleNamespace(noise_scale=scale * usual)
  return types.SimpleNamespace(rest=rest, latent_space="W+")
