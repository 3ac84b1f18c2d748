"""Networks of keras.applications with one output for each attribute."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from privai_tf.errors import CheckpointError, ConfigurationError, InputError
from privai_tf.runtime.files import shown

SMALL = "small"
_DROPOUT = 0.2


def available_backbones() -> tuple[str, ...]:
  """Names of keras.applications' networks."""
  import keras

  return tuple(name for name in dir(keras.applications) if name[:1].isupper())


def build_backbone(backbone: str, resolution: int, outputs: int, weights: str = "none"):
  """A backbone with pooled features and a dense layer.

  Args:
    backbone: a name of `available_backbones`, such as "MobileNetV2".
    resolution: width and height R of its input.
    outputs: attributes.
    weights: "none" (random), "imagenet" (which Keras downloads) or a weights file without the
      classifying layer.

  Returns:
    A Keras model: what `preprocess` makes of images [N, R, R, 3] -> logits [N, outputs].

  Raises:
    ConfigurationError: for an unknown name, or a resolution that the network cannot take.
    InputError: if the weights file is absent or does not fit.
    CheckpointError: if the download fails.
  """
  import keras

  if backbone not in available_backbones():
    raise ConfigurationError(
      f"--backbone={backbone} is neither '{SMALL}' nor in keras.applications, such as MobileNetV2, "
      "ResNet50V2 or EfficientNetV2B0."
    )
  if weights not in ("none", "imagenet") and not os.path.isfile(weights):
    raise InputError(f"--weights={shown(weights)} is no file; use none, imagenet or a path.")
  constructor = getattr(keras.applications, backbone)
  options = {"include_top": False, "pooling": "avg", "input_shape": (resolution, resolution, 3)}
  try:
    base = constructor(weights=None, **options)
  except ValueError as error:
    raise ConfigurationError(
      f"{backbone} cannot take images of {resolution} x {resolution}: {_line(error)}."
    ) from error
  if weights != "none":
    base = _pretrained(constructor, options, weights)
  features = keras.layers.Dropout(_DROPOUT, seed=0, name="dropout")(base.output)
  logits = keras.layers.Dense(outputs, name="logits", dtype="float32")(features)
  return keras.Model(base.input, logits, name="attributes")


def _pretrained(constructor: Callable[..., Any], options: dict[str, Any], weights: str) -> Any:
  try:
    with _DownloadErrors():
      return constructor(weights=weights, **options)
  except CheckpointError:
    raise
  except (OSError, ValueError, KeyError, TypeError) as error:
    if weights == "imagenet":
      raise _no_download(error) from error
    raise InputError(
      f"{shown(weights)} does not fit {constructor.__name__} without its classifying layer "
      f"({_line(error)}); give a file of that network ('notop')."
    ) from error


class _DownloadErrors:
  """A context that turns the bare `Exception` of Keras' downloader, and no other, into one line."""

  def __enter__(self) -> None:
    pass

  def __exit__(self, kind, error, traceback) -> None:
    if kind is Exception:
      raise _no_download(error) from error


def _no_download(error: Exception) -> CheckpointError:
  return CheckpointError(
    f"The imagenet weights could not be had ({_line(error)}); get them where there is a network and "
    "give the file as --weights=PATH, or use --weights=none."
  )


def preprocess(backbone: str, images: Any) -> Any:
  """Images [N, R, R, 3] in [-1, 1] -> what the backbone was made for.

  Args:
    backbone: its name; "small" takes images as they are.
    images: a float32 tensor.
  """
  if backbone == SMALL:
    return images
  import inspect

  import keras

  levels = (images + 1.0) * 127.5
  for module in vars(keras.applications).values():
    if inspect.ismodule(module) and hasattr(module, backbone):
      return module.preprocess_input(levels)
  return levels  # MobileNetV3 scales them itself.


def network_weights(network: Any) -> dict[str, np.ndarray]:
  """All weights, trained ones and statistics, by their number: Keras' names differ from run to run."""
  return {
    f"{number:04d}": np.ascontiguousarray(value, np.float32)
    for number, value in enumerate(network.get_weights())
  }


def assign_network_weights(network: Any, weights: dict[str, np.ndarray]) -> None:
  """The reverse of `network_weights`.

  Args:
    network: a Keras model of the same layers.
    weights: float32 arrays by number, "0000" first, all of them.

  Raises:
    ValueError, KeyError: if they are another network's.
  """
  network.set_weights([weights[f"{number:04d}"] for number in range(len(network.weights))])


def _line(error: Exception) -> str:
  return " ".join(str(error).split())[:160].rstrip(".")
