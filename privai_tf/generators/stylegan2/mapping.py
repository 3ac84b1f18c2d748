"""StyleGAN2's mapping network, z -> w, and the embedding of labels that its discriminator has too."""

import itertools
import math

from keras import ops

from privai_tf.generators.layers import Dense, NamedLayer, Network, activate
from privai_tf.generators.normalization import pixel_norm
from privai_tf.generators.stylegan import LabelEmbedding, MeanLatent
from privai_tf.generators.stylegan2.config import StyleGAN2Config

# After a leaky ReLU, instead of within the weights before it as in StyleGAN: biases get it as well.
GAIN = math.sqrt(2.0)


def activated(x, nonlinearity: str, clamp: float | None = None):
  """The nonlinearity after each layer, times sqrt(2), within plus and minus `clamp`.

  Args:
    x: a tensor of any shape.
    nonlinearity: "lrelu" (slope 0.2) or "relu".
    clamp: > 0; None: no limit.

  Returns:
    The same shape.
  """
  x = activate(x, nonlinearity) * GAIN
  return x if clamp is None else ops.clip(x, -clamp, clamp)


class LabelMapping(NamedLayer):
  """Labels -> a normalized vector: a dense layer, normalization, and maybe more layers (ADA)."""

  def __init__(
    self,
    prefix: str,
    label_size: int,
    widths: tuple[int, ...],
    lrmul: float = 1.0,
    seed: int | None = 0,
  ):
    """Args:
    prefix: of the variables' names, e.g. "mapping/label".
    label_size: length of the labels.
    widths: outputs of the first layer, and of each one after the normalization.
    lrmul: learning-rate multiplier of the latter.
    seed: see `NamedLayer`.
    """
    super().__init__(prefix, seed)
    self.embedding = Dense(prefix, label_size, widths[0], gain=1.0, seed=seed)
    self.dense = [
      Dense(f"{prefix}/dense{index}", before, after, gain=1.0, lrmul=lrmul, seed=seed)
      for index, (before, after) in enumerate(itertools.pairwise(widths))
    ]
    self.built = True

  def call(self, labels):
    """[N, label_size] -> [N, widths[-1]]."""
    x = pixel_norm(self.embedding(labels))
    for dense in self.dense:
      x = activated(dense(x), "lrelu")
    return x


class MappingNetwork(Network):
  """z -> w."""

  def __init__(self, config: StyleGAN2Config, seed: int | None = 0):
    """Args:
    config: the generator's configuration.
    seed: of the initial weights; None: zeros.
    """
    super().__init__(name="mapping")
    self.config = config
    self.mean_latent = MeanLatent("mapping/w", config.dlatent_size)
    self.label = None
    width = config.latent_size
    if config.label_size:
      size, labels = config.label_fmaps, config.label_size
      if config.normalize_labels:
        self.label = LabelMapping("mapping/label", labels, (size,), seed=seed)
      else:
        self.label = LabelEmbedding("mapping/label", labels, size, seed)
      width += size
    self.dense = []
    for index in range(config.mapping_layers):
      last = index == config.mapping_layers - 1
      outputs = config.dlatent_size if last else config.mapping_fmaps
      options = {"gain": 1.0, "lrmul": config.mapping_lrmul, "seed": seed}
      self.dense.append(Dense(f"mapping/dense{index}", width, outputs, **options))
      width = outputs
    self.built = True

  def call(self, z, labels=None):
    """Args:
      z: [N, latent].
      labels: [N, label_size] if the network has labels, else None.

    Returns:
      w, [N, dlatent], before truncation.
    """
    config = self.config
    x = z
    if self.label is not None and not config.normalize_labels:
      x = ops.concatenate([x, self.label(labels)], axis=1)
    if config.normalize_latents:
      x = pixel_norm(x)
    if self.label is not None and config.normalize_labels:
      x = ops.concatenate([x, self.label(labels)], axis=1)
    for dense in self.dense:
      x = activated(dense(x), config.mapping_nonlinearity)
    return x
