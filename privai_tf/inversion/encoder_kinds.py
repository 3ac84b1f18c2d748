"""The kinds of encoders: which description makes which network. Imports nothing heavy."""

from typing import Any

from privai_tf.inversion.ir_se.config import IRSEConfig


def config_from_json(values: dict[str, Any]) -> Any:
  """An `EncoderConfig`, or an `IRSEConfig`: only the latter's description has a "kind".

  Raises:
    CheckpointError: if an entry is missing, unknown or out of range.
  """
  if "kind" in values:
    return IRSEConfig.from_json(values)
  from privai_tf.inversion.encoder_network import EncoderConfig

  return EncoderConfig.from_json(values)


def new_network(config: Any) -> Any:
  """A Keras model whose weights are still to be assigned: [N, R, R, C] -> [N, *code_shape].

  Args:
    config: an `EncoderConfig` or an `IRSEConfig`.
  """
  if isinstance(config, IRSEConfig):
    from privai_tf.inversion.ir_se import network
  else:
    from privai_tf.inversion import encoder_network as network

  return network.build_network(config)
