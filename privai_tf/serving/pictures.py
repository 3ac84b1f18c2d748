"""Image files <-> images inside a graph, by TensorFlow's own kernels."""

from typing import Any

import tensorflow as tf

from privai_tf.generators.pixels import truncates


def decode_images(contents: Any, resolution: int, num_channels: int) -> Any:
  """Image files -> aligned faces, as `faces` makes them of upright pictures without detection.

  The square in the middle is cut and, if it has another size, scaled (Lanczos with antialiasing).
  Orientation and colour profiles in a file's metadata are not read, and transparency is dropped.

  Args:
    contents: strings [n], PNG, JPEG, BMP or GIF (its first picture).
    resolution: R.
    num_channels: 3 or 1.

  Returns:
    float32 [n, R, R, num_channels] in [-1, 1].
  """

  def one(content: Any) -> Any:
    pixels = tf.cond(
      tf.io.is_jpeg(content),
      # TensorFlow's default is a faster transform, whose pixels are not those of other paths.
      lambda: tf.io.decode_jpeg(content, num_channels, dct_method="INTEGER_ACCURATE"),
      lambda: tf.io.decode_image(content, channels=num_channels, expand_animations=False),
    )
    height, width = tf.shape(pixels)[0], tf.shape(pixels)[1]
    side = tf.minimum(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = tf.slice(pixels, [top, left, 0], [side, side, num_channels])
    # At its own size the filter is the identity. No `tf.cond` to save it: with a shape asserted in
    # one branch, TensorFlow 2.21 computes the other one wrongly.
    size, lanczos = [resolution, resolution], tf.image.ResizeMethod.LANCZOS3
    scaled = tf.image.resize(square, size, lanczos, antialias=True)
    return tf.cast(tf.clip_by_value(tf.round(scaled), 0.0, 255.0), tf.uint8)

  shape = tf.TensorSpec([resolution, resolution, num_channels], tf.uint8)
  pixels = tf.map_fn(one, contents, fn_output_signature=shape)
  return tf.cast(pixels, tf.float32) / 127.5 - 1.0


def encode_images(images: Any, family: str) -> Any:
  """Images -> PNG files, with the pixels of `generators.pixels.to_uint8`.

  Args:
    images: float32 [n, R, R, C], nominal range [-1, 1].
    family: "stylegan", "pggan", ...

  Returns:
    Strings [n].
  """
  truncated = truncates(family)
  pixels = images * 127.5 + 128.0 if truncated else tf.round(images * 127.5 + 127.5)
  # The conversion to integers truncates.
  return tf.io.encode_png(tf.cast(tf.clip_by_value(pixels, 0.0, 255.0), tf.uint8))
