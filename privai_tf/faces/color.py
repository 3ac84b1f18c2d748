"""Every colour mode of Pillow as 8-bit sRGB."""

import io
import logging

import numpy as np
from PIL import Image, ImageCms

from privai_tf.errors import InputError

_log = logging.getLogger(__name__)
_ALPHA = ("RGBA", "LA", "PA", "La", "RGBa")
_SIXTEEN_BIT = ("I;16", "I;16L", "I;16B", "I;16N", "I")
_CHANNELS = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}


def to_srgb(image: Image.Image, label: str) -> Image.Image:
  """Converts a loaded picture to RGB in the sRGB colour space, transparency laid on white.

  Args:
    image: any mode that Pillow reads from a file.
    label: what messages call the picture.

  Returns:
    Mode "RGB", the same size.

  Raises:
    InputError: for pixels without a defined range (floating point).
  """
  profile = image.info.get("icc_profile")
  if image.mode in _SIXTEEN_BIT:
    image = _from_sixteen_bit(image, label)
  elif image.mode == "F":
    raise InputError(
      f"{label} has floating-point pixels, whose range is not defined; save it as PNG."
    )
  if image.mode in ("P", "PA") or "transparency" in image.info:
    image = image.convert("RGBA")
  alpha = image.convert("RGBA").getchannel("A") if image.mode in _ALPHA else None
  colors = _with_profile(_opaque(image), profile, label)
  if alpha is None:
    return colors
  white = Image.new("RGB", colors.size, "white")
  white.paste(colors, mask=alpha)
  return white


def _opaque(image: Image.Image) -> Image.Image:
  """Drops the alpha channel, keeping the colour channels as they are."""
  if image.mode in ("RGBA", "RGBa"):
    return image.convert("RGBA").convert("RGB")
  if image.mode in ("LA", "La"):
    return image.convert("LA").convert("L")
  return image.convert("L") if image.mode == "1" else image


def _from_sixteen_bit(image: Image.Image, label: str) -> Image.Image:
  """Grey levels 0 to 65535 to 0 to 255; Pillow's own conversion clips at 255 instead."""
  levels = np.asarray(image)
  if levels.min() < 0 or levels.max() > 65535:
    raise InputError(f"{label} has 32-bit grey levels, whose range is not defined; save it as PNG.")
  return Image.fromarray(((levels.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8))


def _with_profile(image: Image.Image, profile: bytes | None, label: str) -> Image.Image:
  """Applies the embedded colour profile; a broken one, or one for other channels, is ignored."""
  if image.mode == "LAB":
    source = ImageCms.createProfile("LAB")
    return _transformed(image, source)
  if profile:
    try:
      source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
      if _CHANNELS.get(source.profile.xcolor_space.strip()) == image.mode:
        return _transformed(image, source)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
      _log.warning("%s has a colour profile that cannot be read; sRGB is assumed.", label)
  return image.convert("RGB")


def _transformed(image: Image.Image, source: ImageCms.ImageCmsProfile) -> Image.Image:
  result = ImageCms.profileToProfile(
    image,
    source,
    ImageCms.createProfile("sRGB"),
    renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
    outputMode="RGB",
  )
  return result if result is not None else image.convert("RGB")
