"""The multipart form: the picture byte by byte, one part, bounded headers, time in proportion."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privai_tf.serving.gateway.refusals import Refusal
from privai_tf.serving.gateway.uploads import image_of_form

_TYPE = "multipart/form-data; boundary=B"


def _form(content, head=b'Content-Disposition: form-data; name="image"; filename="a.png"'):
  return b"--B\r\n" + head + b"\r\n\r\n" + content + b"\r\n--B--\r\n"


@given(content=st.binary(max_size=300))
def test_the_picture_comes_out_as_it_was_sent(content):
  assert image_of_form(_form(content), _TYPE) == content


@pytest.mark.parametrize(
  "content", [b"", b"\r\n", b"--B", b"\r\n--", b"\r\n-", b"\r\n--A--\r\n", b"\0" * 9]
)
def test_what_looks_like_a_boundary_is_content(content):
  assert image_of_form(_form(content), _TYPE) == content


@pytest.mark.parametrize(
  "head",
  [
    b'content-disposition: form-data; name="image"\r\nContent-Type: image/png',
    b"Content-Type: image/png\r\nCONTENT-DISPOSITION: form-data; name=image",
  ],
)
def test_headers_in_any_order_and_case(head):
  assert image_of_form(_form(b"x", head), _TYPE) == b"x"


@pytest.mark.parametrize(
  "head",
  [
    b"Content-Disposition: form-data; name=image" + b"; a=b" * 400_000,
    b"\r\n".join(b"X-%d: y" % number for number in range(100_000)),
    b"Content-Disposition: form-data; " + b'"' * 2_000_000,
    b"Content-Disposition: form-data; name=image\r\nX: " + b"y" * 5_000,
  ],
)
def test_long_headers_are_refused(head):
  with pytest.raises(Refusal, match="The form must hold one part"):
    image_of_form(_form(b"x", head), _TYPE)


def test_a_long_content_type_is_refused():
  with pytest.raises(Refusal, match="The form must hold one part"):
    image_of_form(_form(b"x"), _TYPE + "; a=b" * 10_000)


def _seconds(body):
  """Least processor time of a few: what others do on the machine only adds to it."""
  times = []
  for _ in range(5):
    start = time.process_time()
    with contextlib.suppress(Refusal):
      image_of_form(body, _TYPE)
    times.append(time.process_time() - start)
  return min(times)


@pytest.mark.parametrize(
  "make",
  [
    lambda size: _form(b"x" * size),
    lambda size: _form(b"\r\n--" * (size // 4)),
    lambda size: _form(b"\r" * size),
    lambda size: _form(
      b"x", b"Content-Disposition: form-data; name=image" + b"; a=b" * (size // 5)
    ),
    lambda size: b"--B\r\n" * (size // 5),
  ],
)
def test_twice_the_body_takes_about_twice_the_time(make):
  """A square would take four times as long, every time; small times are all alike."""
  bodies, measured = (make(1_000_000), make(2_000_000)), []
  for _ in range(4):  # What else runs on the machine may slow one side, but not always.
    once, twice = map(_seconds, bodies)
    if twice < 3 * once + 0.02:
      return
    measured.append((once, twice))
  raise AssertionError(measured)
