"""Sizes that lie: shapes, lengths and counts beyond what the file holds."""

import struct

from tests.converters.broken_pickles.collection import DAMAGED, registering, shaped

PARTS = {}
refused = registering(PARTS)


@refused(DAMAGED, "shape (2, 4) and type f4 comes with 24 bytes")
def array_larger_than_its_bytes(a):
  return shaped(a, 2, 4)


@refused(DAMAGED, "shape (1099511627776, 1048576)")
def array_larger_than_any_memory(a):
  return shaped(a, 1 << 40, 1 << 20)


@refused(DAMAGED, "impossible shape (-2, -3)")
def negative_shape(a):
  return shaped(a, -2, -3)


@refused(DAMAGED, "impossible shape (0, 5)")
def empty_array(a):
  return shaped(a, 0, 5, data=b"")


@refused(DAMAGED, "impossible shape (1, 1, 1, 1, 1, 1, 1, 1, ...)")
def array_of_many_dimensions(a):
  return shaped(a, *[1] * 5000)


@refused(DAMAGED, "not a tuple of whole numbers")
def shape_of_fractions(a):
  return shaped(a, 2.0, 3.0)


@refused(DAMAGED, "whole number of 255 bytes")
def huge_integer(a):
  return a.file(b"\x8a\xff" + b"\x7f" * 255)


@refused(DAMAGED, "truncated")
def bytes_of_eight_exabytes(a):
  return a.file(b"\x8e" + struct.pack("<Q", 1 << 63) + b"x")


@refused(DAMAGED, "truncated")
def text_of_four_gigabytes(a):
  return a.file(b"X\xff\xff\xff\xff")


@refused(DAMAGED, "states the length -1")
def string_of_negative_length(a):
  return a.file(b"T\xff\xff\xff\xff")


@refused(DAMAGED, "truncated")
def frame_beyond_the_file(a):
  return a.file(b"\x95" + struct.pack("<Q", 1 << 40) + b"N")


@refused(DAMAGED, "arrays add up to more than the file")
def one_byte_string_for_many_arrays(a):
  big = b"B" + struct.pack("<I", 400_000) + bytes(400_000)
  body = big + b"\x94"
  start = a.tuple(a.name("numpy", "ndarray"), a.tuple(b"K\x00"), a.data(b"b"))
  again = a.name("numpy.core.multiarray", "_reconstruct") + start + b"R"
  again += a.tuple(b"K\x01", a.plain((100_000,)), a.dtype(), b"\x89", b"h\x00") + b"b"
  return a.file(b"(" + body + again * 50 + b"t")


@refused(DAMAGED, "byte strings add up to more than the file")
def one_text_encoded_many_times(a):
  body = b"X" + struct.pack("<I", 400_000) + b"x" * 400_000 + b"\x94"
  again = a.name("_codecs", "encode") + a.tuple(b"h\x00", a.text("latin1")) + b"R"
  return a.file(b"(" + body + again * 50 + b"t")


@refused(DAMAGED, "characters that are not bytes")
def wide_characters_encoded(a):
  text = ("x" * 200_000 + chr(0x1F600)).encode()
  text = b"X" + struct.pack("<I", len(text)) + text
  return a.file(a.name("_codecs", "encode") + a.tuple(text, a.text("latin1")) + b"R")


@refused(DAMAGED, "more text than any network needs")
def thousands_of_texts(a):
  return a.file(b"(" + (b"X" + struct.pack("<I", 60_000) + b"x" * 60_000) * 300 + b"t")


@refused(DAMAGED, "more than 250000 steps")
def very_many_steps(a):
  return a.file(b"(" + b"N" * 300_000 + b"t")
