"""The eight-layer VGG16 loss: photos and images compared by what a classifier sees in them.

Eight layers from edges (conv1_1) to parts (conv5_3), compared at 224 x 224 (Johnson et al. 2016,
Simonyan and Zisserman 2015). The weights are a file of the user's; nothing is downloaded unless asked
for.
"""

import functools
import hashlib
import os
from pathlib import Path

import h5py
import keras
import numpy as np
import tensorflow as tf

from privai_tf.errors import CheckpointError, ConfigurationError
from privai_tf.inversion.halving import halved
from privai_tf.inversion.lpips import Lpips, lpips_loss
from privai_tf.inversion.spec import DOWNLOAD, InversionSpec
from privai_tf.inversion.vgg16 import Features
from privai_tf.runtime import outside
from privai_tf.runtime.files import shown

LAYERS = (
  "block1_conv1",
  "block1_conv2",
  "block2_conv1",
  "block2_conv2",
  "block3_conv1",
  "block3_conv3",
  "block4_conv3",
  "block5_conv3",
)
_SIDE = 224
_AUTO_RESOLUTION = 256  # Smaller images show at 224 x 224 nothing that their pixels do not.
_MEAN_BGR = (103.939, 116.779, 123.68)  # Of ImageNet, as the weights expect.
# Keras's own copies, and the MD5 that Keras states. HDF5's library is large and has had many faults: of
# what nobody named, only these very files reach it.
_KERAS_NAMES = {
  "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5": "6d6bbae143d832006294945121d1f1fc",
  "vgg16_weights_tf_dim_ordering_tf_kernels.h5": "64373286793e3c8b2b4e3219cbf3544b",
}


class PerceptualLoss:
  """Weighted relative distance of VGG16 features.

  Args:
    network: maps [N, 224, 224, 3], BGR with the mean subtracted, to the outputs of `LAYERS`.
    layer_weights: one for each of `LAYERS`; layers of weight 0 are not compared.
  """

  def __init__(self, network: Features, layer_weights: tuple[float, ...]):
    self._network = network
    self._layer_weights = layer_weights

  def features(self, images: tf.Tensor) -> list[tf.Tensor]:
    """The features of images [N, H, W, 3] in [-1, 1]: [N, h, w, channels] for each layer."""
    pixels = (_resized(images) + 1.0) * 127.5
    return self._network(pixels[..., ::-1] - _MEAN_BGR)

  def distance(self, images: tf.Tensor, goals: list[tf.Tensor]) -> tf.Tensor:
    """How far the images' features are from `goals`, relative to the goals' own size.

    Relative, because a layer's activations grow a hundredfold from first to last: equal weights
    then mean equal say.

    Args:
      images: [N, H, W, 3] in [-1, 1].
      goals: `features(photos)`.

    Returns:
      [N], the weighted mean over the layers.
    """
    result = 0.0
    pairs = zip(self.features(images), goals, self._layer_weights, strict=True)
    for features, goal, weight in pairs:
      if weight:
        error = tf.reduce_mean(tf.math.squared_difference(features, goal), axis=[1, 2, 3])
        result += weight * error / (tf.reduce_mean(goal**2, axis=[1, 2, 3]) + 1e-6)
    return result / max(sum(self._layer_weights), 1e-12)


def perceptual_loss(
  spec: InversionSpec, resolution: int, channels: int
) -> PerceptualLoss | Lpips | None:
  """Builds the loss that a specification asks for.

  Args:
    spec: `perceptual`, the two weights files and `layer_weights` decide.
    resolution: of the images.
    channels: of the images.

  Returns:
    The loss, or None if there is to be none.

  Raises:
    ConfigurationError: if "vgg16" or "lpips" is asked for without weights or for images that are not
      RGB, or if Keras cannot download the weights.
    CheckpointError: if the weights file is not one of VGG16, or of LPIPS.
  """
  if spec.perceptual == "none" or not spec.perceptual_weight:
    return None
  if spec.perceptual == "lpips":
    return lpips_loss(spec, resolution, channels)
  if not any(spec.layer_weights):
    return None
  path = find_weights(spec.vgg16_weights)
  # Who names a file wants it used.
  automatic = spec.perceptual == "auto" and spec.vgg16_weights in (None, DOWNLOAD)
  if automatic and (path is None or channels != 3 or resolution < _AUTO_RESOLUTION):
    return None
  if channels != 3:
    raise ConfigurationError(
      f"The VGG16 loss needs RGB images, the generator makes {channels} channels; "
      "use perceptual='none'."
    )
  if path is None:
    raise ConfigurationError(
      f"perceptual='vgg16' finds no weights in {shown(_cache_folder())}; let Keras download them with "
      f"vgg16_weights={DOWNLOAD!r}, name a file there, or use perceptual='none'."
    )
  network = load_network(str(path), path.stat().st_mtime_ns)
  return PerceptualLoss(network, spec.layer_weights)


def find_weights(path: str | None) -> Path | None:
  """The weights file: the one named, else Keras's own whole copy on this machine, else None.

  Args:
    path: of a file; None: only look; "download": let Keras fetch its copy where there is none.

  Raises:
    ConfigurationError: if a file is named that does not exist, or the download fails.
  """
  if path == DOWNLOAD:
    return find_weights(None) or _downloaded()
  if path is not None:
    if not Path(path).is_file():
      raise ConfigurationError(f"No VGG16 weights at {shown(path)}; correct vgg16_weights.")
    return Path(path)
  kept = {_cache_folder() / name: digest for name, digest in _KERAS_NAMES.items()}
  return next((path for path, digest in kept.items() if _is_published(path, digest)), None)


def _is_published(path: Path, digest: str) -> bool:
  if not outside.is_file(path):
    return False
  with outside.opened(path) as file:
    return hashlib.file_digest(file, "md5").hexdigest() == digest


def _downloaded() -> Path:
  try:
    keras.applications.VGG16(include_top=False, weights="imagenet")  # Fetches, checks, keeps.
  except Exception as error:  # Keras raises nothing narrower.
    if not isinstance(error.__context__ or error, OSError):
      raise
    raise ConfigurationError(
      f"Keras cannot download the VGG16 weights ({str(error).splitlines()[0][:160]}); put "
      f"{next(iter(_KERAS_NAMES))} into {shown(_cache_folder())}, or use perceptual='none'."
    ) from error
  return _cache_folder() / next(iter(_KERAS_NAMES))


def _cache_folder() -> Path:
  home = os.environ.get("KERAS_HOME")
  return (Path(home) if home else Path.home() / ".keras") / "models"


@functools.lru_cache(maxsize=1)
def load_network(path: str, modified: int) -> Features:
  """Builds VGG16 up to its last compared layer, with weights from a file.

  Args:
    path: a Keras weights file of VGG16, `.h5` (with or without the classifier on top) or
      `.weights.h5` (without).
    modified: the file's modification time, so that a changed file is read again.

  Raises:
    CheckpointError: if the file is damaged or of another network.
  """
  whole = keras.applications.VGG16(
    include_top=False, weights=None, input_shape=(_SIDE, _SIDE, 3), name="vgg16"
  )
  try:
    if path.endswith(".weights.h5"):
      whole.load_weights(path)
    else:
      _require_layers(path, whole)
      # By name: the classifier's layers, if the file has them, are of no use here.
      whole.load_weights(path, by_name=True)
  except (OSError, ValueError, KeyError) as error:
    raise CheckpointError(
      f"{shown(path)} is not a VGG16 weights file of Keras ({str(error).splitlines()[0][:120]}); "
      f"use {next(iter(_KERAS_NAMES))}."
    ) from error
  network = Features(whole, LAYERS)
  if not all(np.all(np.isfinite(weight)) for weight in network.get_weights()):
    raise CheckpointError(f"{shown(path)} holds weights that are not finite; get a fresh copy.")
  return network


def _require_layers(path: str, network: keras.Model) -> None:
  """Loading by name skips what is missing without a word; an untrained layer must not pass."""
  with h5py.File(path, "r") as file:
    present = set(file.get("model_weights", file))
  missing = [layer.name for layer in network.layers if layer.weights and layer.name not in present]
  if missing:
    raise ValueError(f"layer {missing[0]} is missing")


def _resized(images: tf.Tensor) -> tf.Tensor:
  """To 224 x 224: halved by averages while twice too large (no aliasing), then bilinear."""
  while images.shape[1] >= 2 * _SIDE and images.shape[1] % 2 == 0:
    images = halved(images)
  return tf.image.resize(images, (_SIDE, _SIDE))
