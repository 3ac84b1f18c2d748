"""A request's body: read into memory within limits of size and time, never onto a disk."""

import asyncio
from email.message import Message

from starlette.requests import ClientDisconnect, Request

from privai_tf.serving.gateway.refusals import Refusal

FORM = "multipart/form-data"
IMAGE_FIELD = "image"
_MOST_PARTS = 8
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

  Our own few lines, because the usual parser writes large parts to the disk.

  Raises:
    Refusal: 422 if the form is not as it should be.
  """
  boundary = _boundary(content_type)
  # The line break before a boundary belongs to it; the first boundary may lack one.
  preamble, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary, _MOST_PARTS)
  if preamble or len(parts) != 2 or not parts[1].startswith(b"--"):
    raise _bad_form()
  head, separator, content = parts[0].partition(b"\r\n\r\n")
  if not separator or _field_name(head) != IMAGE_FIELD:
    raise _bad_form()
  return content


def _boundary(content_type: str) -> bytes:
  boundary = _parameter("content-type", content_type, "boundary")
  if not boundary or len(boundary) > _LONGEST_BOUNDARY or not boundary.isascii():
    raise _bad_form()
  return boundary.encode()


def _field_name(head: bytes) -> str | None:
  for line in head.split(b"\r\n"):
    name, _, value = line.partition(b":")
    if name.strip().lower() == b"content-disposition":
      return _parameter("content-disposition", value.decode("latin-1").strip(), "name")
  return None


def _parameter(header: str, value: str, name: str) -> str | None:
  message = Message()
  message[header] = value.replace("\r", " ").replace("\n", " ")
  found = message.get_param(name, header=header)
  return found if isinstance(found, str) else None


def _bad_form() -> Refusal:
  return Refusal(
    422,
    f'The form must hold one part, called "{IMAGE_FIELD}", with the picture; see /openapi.json.',
  )
