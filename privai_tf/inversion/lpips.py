"""LPIPS: the distance of VGG16 features that was learned from people's judgements.

Zhang, Isola, Efros, Shechtman, Wang (2018), "The unreasonable effectiveness of deep features as a
perceptual metric", section 3: features of five layers, each pixel's normalized to length 1, squared
differences weighted by a learned head for each layer. The weights come from a file that
`python -m privai_tf.converters.perceptual` writes; without learned heads there is no LPIPS.
"""

import functools
import json
from pathlib import Path

import keras
import numpy as np
import safetensors
import safetensors.numpy
import tensorflow as tf

from privai_tf.errors import CheckpointError, ConfigurationError
from privai_tf.inversion.halving import halved
from privai_tf.inversion.spec import InversionSpec
from privai_tf.inversion.vgg16 import Features
from privai_tf.runtime import outside
from privai_tf.runtime.files import shown
from privai_tf.shapes import Images

TAPS = ("block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3", "block5_conv3")
FORMAT = "privai_tf lpips"
PREPROCESSINGS = ("torchvision", "caffe")
_SIDE = 256  # Larger images are averaged down to this, as StyleGAN2's projector does.
_LEAST = 16  # Pixels a side: VGG16 halves four times before its last compared layer.
# Of ImageNet on [-1, 1], RGB: what the heads were learned with.
_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
_MEAN_BGR = (103.939, 116.779, 123.68)
_REMEDY = "make it anew with `python -m privai_tf.converters.perceptual`"


class Lpips:
  """LPIPS with VGG16.

  Args:
    network: maps preprocessed images to the outputs of `TAPS`.
    heads: the learned weights of each tap's channels, none negative.
    preprocessing: one of `PREPROCESSINGS`, what the network's weights expect.
  """

  def __init__(self, network: Features, heads: list[np.ndarray], preprocessing: str):
    self._network = network
    self._roots = [tf.constant(np.sqrt(head), tf.float32) for head in heads]
    self._preprocessing = preprocessing

  def features(self, images: tf.Tensor) -> list[tf.Tensor]:
    """What is compared, of images [N, H, W, 3] in [-1, 1]: [N, h, w, channels] for each tap."""
    images = _reduced(images)
    if self._preprocessing == "caffe":
      images = (images[..., ::-1] + 1.0) * 127.5 - _MEAN_BGR
    else:
      images = (images - _SHIFT) / _SCALE
    taps = self._network(images)
    return [_normalized(tap) * root for tap, root in zip(taps, self._roots, strict=True)]

  def distance(self, images: tf.Tensor, goals: list[tf.Tensor]) -> tf.Tensor:
    """LPIPS between images and those that `goals` are the features of.

    Args:
      images: [N, H, W, 3] in [-1, 1].
      goals: `features(photos)`.

    Returns:
      [N], 0 for equal images.
    """
    pairs = zip(self.features(images), goals, strict=True)
    squares = [tf.math.squared_difference(found, goal) for found, goal in pairs]
    return tf.add_n([tf.reduce_mean(tf.reduce_sum(s, axis=-1), axis=[1, 2]) for s in squares])


def lpips_loss(spec: InversionSpec, resolution: int, channels: int) -> Lpips:
  """The loss that `perceptual="lpips"` asks for.

  Args:
    spec: names the weights file in `lpips_weights`.
    resolution, channels: of the generator's images.

  Raises:
    ConfigurationError: if there is no weights file, or the images are not RGB or too small.
    CheckpointError: if the file is not one.
  """
  if spec.lpips_weights is None:
    raise ConfigurationError(
      "perceptual='lpips' needs learned weights: name a file made by `python -m "
      "privai_tf.converters.perceptual` in lpips_weights, or use 'vgg16' or 'none'."
    )
  if channels != 3 or resolution < _LEAST:
    raise ConfigurationError(
      f"LPIPS needs RGB images of at least {_LEAST} x {_LEAST}, the generator makes {resolution} x "
      f"{resolution} with {channels} channels; use perceptual='none'."
    )
  return _loaded(spec.lpips_weights)


def lpips_figures(images: Images, targets: Images, spec: InversionSpec) -> np.ndarray | None:
  """LPIPS of images as a viewer would see them (clipped), one at a time.

  Args:
    images: [N, H, W, C] in [-1, 1].
    targets: the same shape.
    spec: `lpips_weights` decides.

  Returns:
    float32 [N], or None where there are no weights or the images are not RGB of 16 x 16 or more.
  """
  if spec.lpips_weights is None or images.shape[-1] != 3 or images.shape[1] < _LEAST:
    return None
  lpips = _loaded(spec.lpips_weights)
  figures = []
  for image, target in zip(np.clip(images, -1, 1), np.clip(targets, -1, 1), strict=True):
    goals = lpips.features(tf.constant(target[None], tf.float32))
    figures.append(lpips.distance(tf.constant(image[None], tf.float32), goals).numpy()[0])
  return np.array(figures, np.float32)


def _loaded(path: str) -> Lpips:
  if not Path(path).is_file():
    raise ConfigurationError(f"No LPIPS weights at {shown(path)}; correct lpips_weights.")
  return load_lpips(str(path), Path(path).stat().st_mtime_ns)


@functools.lru_cache(maxsize=1)
def load_lpips(path: str, modified: int) -> Lpips:
  """Reads the weights that `converters.perceptual` wrote.

  Args:
    path: the `.safetensors` file.
    modified: the file's modification time, so that a changed file is read again.

  Raises:
    CheckpointError: if the file is damaged or something else.
  """
  other = CheckpointError(f"{shown(path)} is not a file of LPIPS weights; {_REMEDY}.")
  with (
    outside.opened(path, CheckpointError, _REMEDY),
    outside.damage_as(other),
    safetensors.safe_open(path, "np") as file,
  ):
    described = dict(json.loads((file.metadata() or {}).get("privai_tf", "{}")))
    weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
  if described.get("format") != FORMAT or described.get("preprocessing") not in PREPROCESSINGS:
    raise CheckpointError(f"{shown(path)} holds other weights than LPIPS's; {_REMEDY}.")
  whole = keras.applications.VGG16(include_top=False, weights=None, input_shape=(None, None, 3))
  try:
    for layer in whole.layers:
      if layer.weights:
        layer.set_weights([weights[f"{layer.name}/kernel"], weights[f"{layer.name}/bias"]])
    heads = [weights[f"{tap}/head"] for tap in TAPS]
  except (KeyError, ValueError) as error:
    raise CheckpointError(f"{shown(path)} lacks a layer of VGG16 or LPIPS; {_REMEDY}.") from error
  if not all(np.isfinite(value).all() for value in weights.values()) or min(map(np.min, heads)) < 0:
    raise CheckpointError(f"{shown(path)} holds impossible weights; {_REMEDY}.")
  return Lpips(Features(whole, TAPS), heads, described["preprocessing"])


def _normalized(features: tf.Tensor) -> tf.Tensor:
  """Every pixel's features at length 1; those of length 0 stay, with a gradient of 0."""
  return features * tf.math.rsqrt(tf.reduce_sum(features**2, axis=-1, keepdims=True) + 1e-10)


def _reduced(images: tf.Tensor) -> tf.Tensor:
  while images.shape[1] > _SIDE and images.shape[1] % 2 == 0:
    images = halved(images)
  return images if images.shape[1] <= _SIDE else tf.image.resize(images, (_SIDE, _SIDE))
