"""What several tests of the demo use."""

import pytest


@pytest.fixture(scope="session")
def mobile(tmp_path_factory):
  """A small MobileStyleGAN with random weights, converted as the published one is."""
  from privai_tf.converters.mobilestylegan_files import convert_folder
  from privai_tf.generators import load_generator
  from tests.converters.ir_writer import random_weights, write_ir

  folder = tmp_path_factory.mktemp("photo")
  write_ir(random_weights(), folder / "ir")
  convert_folder(folder / "ir", folder / "checkpoint")
  return load_generator(folder / "checkpoint")
