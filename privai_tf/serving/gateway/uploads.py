"""A request's body: read into memory within limits of size and time, never onto a disk."""

import asyncio
from collections.abc import Callable

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from privai_tf.serving.gateway.refusals import Refusal

FORM = "multipart/form-data"
IMAGE_FIELD = "image"
_MOST_HEADERS = 8
_LONGEST_HEADER = 4096
_MOST_DIGITS = 18
_LONGEST_BOUNDARY = 70  # RFC 2046


async def read_body(request: Request, limit: int, timeout: float) -> bytes:
  """Reads the body; nothing beyond the limit is read or kept.

  Args:
    request: the request, its body unread.
    limit: bytes.
    timeout: seconds for the whole body: a slow sender must not hold a place for ever.

  Raises:
    Refusal: 413 if it is too long (by its own account, or once it is), 408 if it takes too long,
      400 if it breaks off.
  """
  declared = request.headers.get("content-length", "")
  if declared.isdecimal() and (len(declared) > _MOST_DIGITS or int(declared) > limit):
    raise _too_long(limit)
  body = bytearray()
  try:
    async with asyncio.timeout(timeout):
      async for chunk in request.stream():
        if len(body) + len(chunk) > limit:
          raise _too_long(limit)
        body += chunk
  except TimeoutError:
    raise Refusal(408, f"The body did not arrive within {timeout:g} s; nothing was done.") from None
  except ClientDisconnect:
    raise Refusal(400, "The connection ended before the body did; nothing was done.") from None
  return bytes(body)


def _too_long(limit: int) -> Refusal:
  return Refusal(413, f"The body is longer than {limit} bytes, the limit; send a smaller picture.")


def media_type(content_type: str | None) -> str:
  """The type of a Content-Type header without parameters, in lower case; "" if there is none."""
  return (content_type or "").partition(";")[0].strip().lower()


def image_of_form(body: bytes, content_type: str) -> bytes:
  """The part called "image" of a multipart form (RFC 7578); the only one that may be there.

  Parsed by `python-multipart` as a stream, in memory; number and length of headers are bounded
  there, and so is the time, which grows with the body's length and nothing else.

  Raises:
    Refusal: 422 if the form is not as it should be.
  """
  if len(content_type) > _LONGEST_HEADER:
    raise _bad_form()
  _, options = parse_options_header(content_type)
  boundary = options.get(b"boundary", b"")
  if not boundary or len(boundary) > _LONGEST_BOUNDARY or not boundary.isascii():
    raise _bad_form()
  form = _Form()
  try:
    parser = MultipartParser(
      boundary, form.callbacks(), max_header_count=_MOST_HEADERS, max_header_size=_LONGEST_HEADER
    )
    parser.write(body)
    parser.finalize()
  except FormParserError:
    raise _bad_form() from None
  if not form.complete or form.name != IMAGE_FIELD.encode():
    raise _bad_form()
  return bytes(form.content)


class _Form:
  """What the parser meets: one part, its name and its content."""

  def __init__(self):
    self.name: bytes | None = None
    self.content = bytearray()
    self.complete = False
    self._parts = 0
    self._field, self._value = bytearray(), bytearray()

  def callbacks(self) -> dict[str, Callable[..., None]]:
    """By the parser's names of its events."""
    return {
      "on_part_begin": self._begin,
      "on_header_field": lambda data, start, end: self._field.extend(data[start:end]),
      "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
      "on_header_end": self._header,
      "on_part_data": lambda data, start, end: self.content.extend(data[start:end]),
      "on_end": self._end,
    }

  def _begin(self) -> None:
    self._parts += 1
    if self._parts > 1:
      raise FormParserError("a second part")

  def _header(self) -> None:
    if self._field.strip().lower() == b"content-disposition":
      self.name = parse_options_header(bytes(self._value))[1].get(b"name")
    self._field, self._value = bytearray(), bytearray()

  def _end(self) -> None:
    self.complete = True


def _bad_form() -> Refusal:
  return Refusal(
    422,
    f'The form must hold one part, called "{IMAGE_FIELD}", with the picture; see /openapi.json.',
  )
