"""Every family in bfloat16: near, float32 where it must be, and float32 again afterwards.

Nothing here is drawn at random anew: the networks, codes and so the decibels are the same each time.
"""

import threading

import numpy as np
import pytest
import tensorflow as tf

from privai_tf.errors import ConfigurationError
from privai_tf.generators.config import PGGANConfig, StyleGANConfig
from privai_tf.generators.families import create_generator
from privai_tf.generators.mobilestylegan_config import MobileStyleGANConfig
from privai_tf.generators.multiplied import multiplied, multiplying
from privai_tf.generators.stylegan2.config import StyleGAN2Config
from privai_tf.generators.stylegan3.design import designed

_WIDTHS = {"latent_size": 8, "dlatent_size": 8, "mapping_fmaps": 8}
_FAMILIES = {
  "pggan": lambda: PGGANConfig(resolution=16, fmap_max=8, latent_size=8),
  "stylegan": lambda: StyleGANConfig(resolution=16, fmap_max=8, **_WIDTHS),
  "stylegan2": lambda: StyleGAN2Config(
    resolution=16, channel_counts=(8, 8, 8), const_size=8, **_WIDTHS
  ),
  "stylegan3": lambda: designed(
    16, num_layers=3, num_critical=1, channel_base=64, channel_max=8, **_WIDTHS
  ),
  "mobilestylegan": lambda: MobileStyleGANConfig(resolution=16, fmaps=(8, 8), **_WIDTHS),
}


@pytest.fixture(scope="module", params=list(_FAMILIES))
def generator(request):
  return create_generator(_FAMILIES[request.param]())


def _decibels(images, exact):
  error, span = np.mean(np.square(images - exact)), exact.max() - exact.min()
  return 10 * np.log10(span**2 / error)


def test_bfloat16_is_near_and_float32_is_restored(generator):
  z = generator.sample_z(3, seed=1)

  def draw(count, precision):
    return generator.synthesize(z[:count], latent_space="Z", batch_size=count, precision=precision)

  exact = generator.synthesize(z, latent_space="Z", batch_size=3)
  rough = draw(3, "bfloat16")
  assert rough.dtype == np.float32
  # A single image takes another path in some families.
  for images, wanted in ((rough, exact), (draw(1, "bfloat16"), exact[:1])):
    assert 40 < _decibels(images, wanted) < 100
  # Colours are no multiples of 1/256, as they would be had a last bfloat16 sum made them.
  coarse = np.asarray(tf.cast(tf.cast(rough, "bfloat16"), "float32"))
  assert np.mean(coarse == rough) < 0.1
  assert multiplied() == "float32"
  np.testing.assert_array_equal(draw(3, "float32"), exact)


def test_a_failure_leaves_float32():
  def fails():
    with multiplying("bfloat16"):
      raise ConfigurationError(multiplied())

  with pytest.raises(ConfigurationError, match="bfloat16"):
    fails()
  assert multiplied() == "float32"


def test_other_threads_go_on_in_float32():
  seen = []
  with multiplying("bfloat16"):
    thread = threading.Thread(target=lambda: seen.append(multiplied()))
    thread.start()
    thread.join()
  assert seen == ["float32"]


def test_another_precision_is_refused(generator):
  with pytest.raises(ConfigurationError, match="precision"):
    generator.synthesize(generator.sample_z(1, seed=0), latent_space="Z", precision="float16")


def test_no_operation_between_convolutions_is_in_bfloat16():
  """The graph of StyleGAN: bfloat16 goes into convolutions and comes out of them, and nowhere else."""
  generator = create_generator(_FAMILIES["stylegan"]())

  @tf.function(autograph=False)
  def draw(codes):
    with multiplying("bfloat16"):
      return generator.synthesize_tensor(codes, "W")

  graph = draw.get_concrete_function(tf.TensorSpec((2, 8))).graph
  kinds = {
    op.type for op in graph.get_operations() if any(t.dtype == tf.bfloat16 for t in op.outputs)
  }
  assert "Conv2D" in kinds
  moved = {"Cast", "Const", "Identity", "IdentityN", "Pad", "Reshape", "StridedSlice", "Pack"}
  assert kinds <= moved | {"Conv2D", "Conv2DBackpropInput"}
