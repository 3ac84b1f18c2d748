"""How a collection of broken files is made: a name, why it is refused, and what writes it.

The modules beside this one each hold such a collection, `PARTS`.
"""

from privai_tf.converters.errors import DamagedFileError, UnsafePickleError

UNSAFE, DAMAGED = UnsafePickleError, DamagedFileError
NETWORK = ("dnnlib.tflib.network", "Network")


def registering(parts):
  """Makes the decorator that enters a file in `parts`.

  Args:
    parts: name -> (error, part of the message, assembler -> whole file).
  """

  def refused(error, reason):
    def register(function):
      parts[function.__name__] = (error, reason, function)
      return function

    return register

  return refused


def array(a, shape=b"\x8c\x00", data=b"", dtype=None, start=None):
  start = start or a.tuple(a.name("numpy", "ndarray"), a.tuple(b"K\x00"), a.data(b"b"))
  state = a.tuple(b"K\x01", shape, dtype or a.dtype(), b"\x89", a.data(data))
  return a.name("numpy.core.multiarray", "_reconstruct") + start + b"R" + state + b"b"


def shaped(a, *shape, data=bytes(24), dtype=None):
  return a.file(array(a, a.plain(shape), data, dtype))


def arguments(a, value):
  """A file whose network has the keyword argument x with this value."""
  return a.file(a.small("G", entries={"static_kwargs": a.dict({"x": value})}))
