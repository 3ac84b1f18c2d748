"""The network that learns the portraits of 256 pixels."""

from privai_tf.demo.embedding import latents_of_scores
from privai_tf.demo.families import Family, finish_stylegan


def config_at(resolution: int):
  """96 channels up to 16 x 16, then half as many at each resolution, 8 at 256 x 256.

  Without instance norm (one of the official network's own switches): it takes flat colour away,
  which styles that are linear in w cannot give back.
  """
  from privai_tf.generators.config import StyleGANConfig

  return StyleGANConfig(
    resolution=resolution,
    fmap_base=1024,
    fmap_decay=1.0,
    fmap_max=96,
    use_instance_norm=False,
    truncation_psi=None,
  )


PORTRAITS = Family(
  checkpoint="avatars",
  learning_rate=4e-3,
  config_at=config_at,
  inputs_of_scores=latents_of_scores,
  finish=finish_stylegan,
)
