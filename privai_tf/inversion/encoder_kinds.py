"""The kinds of encoders: which description makes which network."""

from typing import Any

import keras

from privai_tf.inversion import encoder_network
from privai_tf.inversion.encoder_network import EncoderConfig
from privai_tf.inversion.ir_se import network as ir_se_network
from privai_tf.inversion.ir_se.config import IRSEConfig


def config_from_json(values: dict[str, Any]) -> EncoderConfig | IRSEConfig:
  """The description of a network; only that of an e4e or pSp encoder has a "kind".

  Raises:
    CheckpointError: if an entry is missing, unknown or out of range.
  """
  return (IRSEConfig if "kind" in values else EncoderConfig).from_json(values)


def new_network(config: EncoderConfig | IRSEConfig) -> keras.Model:
  """A network whose weights are still to be assigned: [N, R, R, C] -> [N, *code_shape]."""
  if isinstance(config, IRSEConfig):
    return ir_se_network.build_network(config)
  return encoder_network.build_network(config)
