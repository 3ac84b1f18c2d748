"""Memory stays flat over many inversions in one process, and fits what is promised at 1024 x 1024."""

import gc
import pathlib
import subprocess
import sys
import weakref

import numpy as np
import pytest

from privai_tf.inversion import InversionSpec, invert
from privai_tf.inversion import optimizer as optimizer_module


def resident() -> int:
  """Bytes of this process in memory."""
  gc.collect()
  return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.very_slow
def test_two_hundred_inversions(tiny):
  photos = tiny.synthesize(tiny.map(tiny.sample_z(5, seed=11)), "W")
  spec = InversionSpec(steps=4, steps_per_call=2, init="mean")
  for _ in range(20):
    invert(photos, tiny, spec)
  before = resident()
  for _ in range(200):
    invert(photos, tiny, spec)
  # Of each call, keeping the photos and reconstructions alone would make 6 MB.
  assert resident() - before < 4e6


@pytest.mark.very_slow
def test_other_sizes_and_settings_do_not_pile_up(tiny, monkeypatch):
  """Four searches are kept; the older ones are really freed, graphs and variables included."""
  made = []
  search = optimizer_module.Search

  def remembered(generator, spec, size, loss):
    result = search(generator, spec, size, loss)
    made.append(weakref.ref(result))
    return result

  monkeypatch.setattr(optimizer_module, "Search", remembered)
  optimizer_module.forget_searches()
  photos = tiny.synthesize(tiny.map(tiny.sample_z(4, seed=11)), "W")
  for number in range(4):
    spec = InversionSpec(steps=1, init="mean", learning_rate=0.1 + 0.01 * number)
    for count in (1, 2):
      invert(photos[:count], tiny, spec)
  gc.collect()
  assert len(made) == 8
  assert sum(reference() is not None for reference in made) == 4
  optimizer_module.forget_searches()


@pytest.mark.very_slow
def test_two_hundred_inversions_of_portraits(repository):
  """25 batches of 8 portraits with the demo checkpoint, after two to warm up."""
  if not (repository / "checkpoints" / "avatars" / "config.json").exists():
    pytest.skip("the avatars checkpoint is not there")
  import privai_tf
  from privai_tf.demo import portrait

  generator = privai_tf.load_generator("avatars")
  portraits = portrait.portraits(8, seed=777, resolution=generator.resolution)
  spec = InversionSpec(latent_space="W+", steps=5)
  for _ in range(2):
    invert(portraits, generator, spec)
  before = resident()
  for _ in range(25):
    invert(portraits, generator, spec)
  assert resident() - before < 40e6  # Half of one batch's activations (8 x 6.7 MB).


_PEAK = """
import sys

import keras
import numpy as np
from privai_tf.generators.config import StyleGANConfig
from privai_tf.generators.families import StyleGANGenerator
from privai_tf.inversion import InversionSpec
from privai_tf.inversion.initialization import decided, start_codes
from privai_tf.inversion.perceptual import perceptual_loss
from privai_tf.inversion.search import Search

generator = StyleGANGenerator(StyleGANConfig(resolution=1024), seed=0)
random = np.random.default_rng(1)
constant = generator.synthesis.constant.weight  # Of ones, features without variance would explode.
constant.assign(random.normal(size=constant.shape))
for epilogue in generator.synthesis.epilogues:
  epilogue.strength.assign(random.normal(0, 0.1, epilogue.strength.shape))
generator.synthesis.freeze(for_processor=True)
photos = random.uniform(-1, 1, (4, 1024, 1024, 3)).astype(np.float32)
options = {"perceptual": "none"}
if sys.argv[1] == "vgg16":
  path = sys.argv[2] + "/random.weights.h5"
  keras.applications.VGG16(include_top=False, weights=None, input_shape=(224, 224, 3)).save_weights(path)
  options = {"perceptual": "vgg16", "vgg16_weights": path}
spec = decided(InversionSpec(latent_space="W+", steps=1, init="mean", **options), generator)
# Not `invert`, which gives a processor one image of this size at a time.
search = Search(generator, spec, 4, perceptual_loss(spec, 1024, 3))
start = start_codes(photos, generator, spec)
search.run(photos, np.ones(4, np.float32), start, lambda done: None)
print([line for line in open("/proc/self/status") if line.startswith("VmHWM")][0].split()[1])
"""


@pytest.mark.very_slow
@pytest.mark.parametrize("loss", ["pixels", "vgg16"])
def test_four_images_at_1024_fit_eight_gigabytes(repository, tmp_path, loss):
  command = [sys.executable, "-c", _PEAK, loss, str(tmp_path)]
  done = subprocess.run(command, capture_output=True, text=True, cwd=repository, check=True)
  print(f"{loss}: {int(done.stdout.split()[-1]) / 2**20:.2f} GiB")
  assert int(done.stdout.split()[-1]) * 1024 < 8e9


def test_recomputation_changes_nothing():
  from privai_tf.generators.config import PGGANConfig, StyleGANConfig
  from privai_tf.generators.families import PGGANGenerator, StyleGANGenerator

  config = StyleGANConfig(
    resolution=16, fmap_max=8, latent_size=16, dlatent_size=16, mapping_fmaps=16, mapping_layers=2
  )
  stylegan = StyleGANGenerator(config, seed=3)
  pggan = PGGANGenerator(PGGANConfig(resolution=16, fmap_max=8), seed=3)
  for generator, space in ((stylegan, "W"), (pggan, "Z")):
    photos = np.clip(generator.synthesize(generator.sample_z(2, seed=4), latent_space="Z"), -1, 1)
    found = [
      invert(photos, generator, InversionSpec(latent_space=space, steps=8, recompute=mode))
      for mode in ("off", "on")
    ]
    np.testing.assert_allclose(found[0].latents, found[1].latents, atol=1e-5)
    np.testing.assert_allclose(found[0].losses, found[1].losses, rtol=1e-5)
