"""A job that leaves the search open takes the path that public codes are shipped for, and says so."""

import dataclasses
import shutil

from privai_tf.generators import load_generator
from privai_tf.inversion import InversionSpec
from privai_tf.inversion.public_codes import FOLDER, public_codes
from privai_tf.jobs.stages import Stages
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
  assert "by the encoder alone" in stages.warning
  asked = Stages(dataclasses.replace(job.recipe, inversion=alone))
  assert "by the encoder alone" not in (asked.warning or "")
