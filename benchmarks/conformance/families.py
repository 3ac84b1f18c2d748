"""A tiny network of every family, and of the odd forms that files of the family can have."""

import pathlib
from collections.abc import Callable

import numpy as np

from privai_tf.attributes.boundary import Boundary
from privai_tf.generators.checkpoint import save_checkpoint
from privai_tf.generators.config import PGGANConfig, StyleGANConfig
from privai_tf.generators.families import create_generator
from privai_tf.generators.mobilestylegan_config import MobileStyleGANConfig
from privai_tf.generators.network_config import NetworkConfig
from privai_tf.generators.stylegan2.config import StyleGAN2Config
from privai_tf.generators.stylegan3.design import designed

_SIZES = {"resolution": 16, "fmap_base": 64, "fmap_max": 8}
_STYLES = {"latent_size": 8, "dlatent_size": 8, "mapping_fmaps": 8, "mapping_layers": 2}
_STYLES2 = {"resolution": 16, "channel_counts": (8, 8, 6), **_STYLES}
_STYLES3 = {"num_layers": 4, "channel_base": 64, "channel_max": 6, "latent_size": 8}
_STYLES3 |= {"dlatent_size": 8, "mapping_fmaps": 8}
_ADA = {"architecture": "resnet", "normalize_labels": True, "conv_clamp": 256.0, "const_size": 6}

# By the name of its row in the table.
NETWORKS: dict[str, Callable[[], NetworkConfig]] = {
  "pggan": lambda: PGGANConfig(**_SIZES, latent_size=8),
  "pggan, labels": lambda: PGGANConfig(**_SIZES, latent_size=8, label_size=3),
  "stylegan": lambda: StyleGANConfig(**_SIZES, **_STYLES),
  "stylegan, labels": lambda: StyleGANConfig(**_SIZES, **_STYLES, label_size=3),
  "stylegan, grey": lambda: StyleGANConfig(**_SIZES, **_STYLES, num_channels=1),
  "stylegan2": lambda: StyleGAN2Config(**_STYLES2),
  "stylegan2, labels": lambda: StyleGAN2Config(**_STYLES2, **_ADA, label_size=3),
  "stylegan3": lambda: designed(16, **_STYLES3),
  "stylegan3, radial, labels": lambda: designed(16, radial=True, label_size=3, **_STYLES3),
  "mobilestylegan": lambda: MobileStyleGANConfig(resolution=16, fmaps=(8, 8), **_STYLES),
}


def make_checkpoint(row: str, folder: pathlib.Path) -> pathlib.Path:
  """A checkpoint of a row with random weights, and boundaries for "smile" beside it.

  Args:
    row: a key of `NETWORKS`.
    folder: where to; made.

  Returns:
    `folder`.
  """
  generator = create_generator(NETWORKS[row]())
  save_checkpoint(folder, generator.config, generator.weights(), {"licence": "Apache-2.0"})
  random = np.random.default_rng(3)
  for space in generator.latent_spaces:
    if space != "W+":
      width = generator.code_shape(space)[-1]
      plane = Boundary(random.normal(size=width), latent_space=space, name="smile")
      plane.save(folder / f"smile_{space.lower()}_boundary.npy")
  return folder
