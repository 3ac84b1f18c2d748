"""Texts and byte strings of network files: strict, with refusals instead of Unicode errors."""

import numpy as np

from privai_tf.converters.errors import DamagedFileError

_LAST_LATIN1_LEAD_BYTE = 0xC3
_NO_BYTES = "a byte string in it holds characters that are not bytes"


def decode(data: bytes, encoding: str) -> str:
  """Decodes text of the file; bytes that are no such text mean damage.

  Raises:
    DamagedFileError: the bytes are no such text.
  """
  try:
    return data.decode(encoding, "strict")
  except UnicodeDecodeError:
    raise DamagedFileError(f"a text in it is not valid {encoding}") from None


def encode_latin1(text: str) -> bytes:
  """The bytes that Python 2 strings, and Python 3 in protocol 2, stand for.

  Raises:
    DamagedFileError: a character is above U+00FF.
  """
  try:
    return text.encode("latin-1", "strict")
  except UnicodeEncodeError:
    raise DamagedFileError(_NO_BYTES) from None


def utf8_to_latin1(data: bytes) -> bytes:
  """As `encode_latin1`, for long texts: checked first, since other characters take four times the memory.

  Raises:
    DamagedFileError: it is not UTF-8, or a character is above U+00FF.
  """
  if data and np.frombuffer(data, np.uint8).max() > _LAST_LATIN1_LEAD_BYTE:
    raise DamagedFileError(_NO_BYTES)
  return encode_latin1(decode(data, "utf-8"))
