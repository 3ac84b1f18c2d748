"""Values in places of a network where none such belongs."""

import numpy as np

from tests.converters.broken_pickles.collection import DAMAGED, NETWORK

PARTS = {}

for _name, (_entry, _value, _reason) in {
  "array as keyword argument": (
    "static_kwargs",
    lambda a: a.dict({"x": a.array(np.zeros(2, np.float32))}),
    "keyword argument 'G/x' is a Array",
  ),
  "class as keyword argument": (
    "static_kwargs",
    lambda a: a.dict({"x": a.name("numpy", "ndarray")}),
    "keyword argument 'G/x' is a Global",
  ),
  "keyword arguments as a list": ("static_kwargs", lambda a: b"]", "not a dictionary"),
  "components as a list": ("components", lambda a: b"]", "not a dictionary"),
  "component that is a text": (
    "components",
    lambda a: a.dict({"mapping": a.text("x")}),
    "component 'G/mapping' is not a network",
  ),
  "component without contents": (
    "components",
    lambda a: a.dict({"mapping": a.name(*NETWORK) + b")\x81"}),
    "network 'G/mapping' has no contents",
  ),
  "name as bytes": ("name", lambda a: a.data(b"G"), "not text"),
  "no name": ("name", lambda a: None, "lacks ['name']"),
  "source as a number": ("build_module_src", lambda a: b"K\x01", "not text"),
  "variables as a dictionary": ("variables", lambda a: b"}", "not a list"),
  "variable without a value": (
    "variables",
    lambda a: a.list(a.tuple(a.text("w"))),
    "not a name with a value",
  ),
  "variable of integers": (
    "variables",
    lambda a: a.list(a.tuple(a.text("w"), a.array(np.zeros(2, np.int32)))),
    "'G/w' is not an array of real numbers",
  ),
  "variable never filled": (
    "variables",
    lambda a: a.list(
      a.tuple(
        a.text("w"),
        a.name("numpy.core.multiarray", "_reconstruct")
        + a.tuple(a.name("numpy", "ndarray"), a.tuple(b"K\x00"), a.data(b"b"))
        + b"R",
      )
    ),
    "'G/w' is not an array of real numbers",
  ),
  "variable given twice": (
    "variables",
    lambda a: a.list(*[a.tuple(a.text("w"), a.scalar(np.float32(1)))] * 2),
    "'G/w' comes twice",
  ),
}.items():
  PARTS[_name] = (
    DAMAGED,
    _reason,
    lambda a, entry=_entry, value=_value: a.file(a.small("G", entries={entry: value(a)})),
  )
