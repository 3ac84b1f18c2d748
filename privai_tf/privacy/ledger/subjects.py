"""Who a release is about: an id that the owner gives, or a keyed hash of the photo's pixels."""

import hashlib
import hmac

import numpy as np

from privai_tf.errors import ConfigurationError

_LONGEST = 500


def check_subject(subject: str) -> str:
  """Refuses empty, overlong and unprintable ids.

  Raises:
    ConfigurationError: for other than 1 to 500 printable characters, not all of them spaces.
  """
  if not isinstance(subject, str) or not subject.strip() or len(subject) > _LONGEST:
    raise ConfigurationError(
      f"subject id {subject!r}: must be 1 to {_LONGEST} characters, for example --subject_id=ada"
    )
  if not subject.isprintable():
    raise ConfigurationError(f"subject id {subject!r}: must not hold control characters")
  return subject


def pixel_subject(key: bytes, pixels: np.ndarray) -> str:
  """`pixels:` and the HMAC-SHA256 of the decoded picture under the ledger's key.

  Without the key nobody can test whether a photo they hold is in the ledger. The same picture in
  another file format without loss is the same subject; a crop, a re-compression or another photo of
  the same person is not: give such releases a common id.

  Args:
    key: 32 secret bytes.
    pixels: uint8 [H, W, 3], after decoding and orientation.

  Raises:
    ConfigurationError: for another type or number of axes.
  """
  pixels = np.asarray(pixels)
  if pixels.dtype != np.uint8 or pixels.ndim != 3:
    raise ConfigurationError(
      f"pixels of shape {pixels.shape}, {pixels.dtype}: must be uint8 [height, width, channels]"
    )
  digest = hmac.new(key, repr(pixels.shape).encode(), hashlib.sha256)
  digest.update(np.ascontiguousarray(pixels).tobytes())
  return f"pixels:{digest.hexdigest()}"
