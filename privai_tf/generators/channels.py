"""Photos have three colour channels, networks any number: the way from one to the other and back."""

import numpy as np

from privai_tf.errors import ConfigurationError

# Weights of red, green and blue in what the eye takes for brightness (ITU-R BT.601).
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def require_pictures(num_channels: int) -> None:
  """Refuses networks whose images are no pictures: photos cannot be turned into such.

  Args:
    num_channels: colour channels of the network's images.

  Raises:
    ConfigurationError: for other than 1 (grey), 3 (RGB) or 4 (RGBA) channels.
  """
  if num_channels not in (1, 3, 4):
    raise ConfigurationError(
      f"This network's images have {num_channels} channels; pictures have 1 (grey), 3 (RGB) or 4 "
      "(RGBA): use its codes in Python instead."
    )


def from_rgb(images: np.ndarray, num_channels: int) -> np.ndarray:
  """Photos as a network takes them.

  Args:
    images: float [..., 3] in [-1, 1].
    num_channels: 1, 3 or 4.

  Returns:
    float32 [..., num_channels]: brightness, the same, or with an opaque fourth channel.

  Raises:
    ConfigurationError: see `require_pictures`.
  """
  require_pictures(num_channels)
  images = np.asarray(images, np.float32)
  if num_channels == 1:
    return images @ _LUMA[:, np.newaxis]
  if num_channels == 4:
    return np.concatenate([images, np.ones_like(images[..., :1])], axis=-1)
  return images


def to_rgb(pixels: np.ndarray) -> np.ndarray:
  """A network's pictures as photos.

  Args:
    pixels: uint8 [..., 1], [..., 3] or [..., 4].

  Returns:
    uint8 [..., 3]; what is transparent is drawn on white.

  Raises:
    ConfigurationError: see `require_pictures`.
  """
  channels = pixels.shape[-1]
  require_pictures(channels)
  if channels == 1:
    return np.repeat(pixels, 3, axis=-1)
  if channels == 4:
    opacity = pixels[..., 3:].astype(np.float32) / 255
    return np.rint(pixels[..., :3] * opacity + 255 * (1 - opacity)).astype(np.uint8)
  return pixels
