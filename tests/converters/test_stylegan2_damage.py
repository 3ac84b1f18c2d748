"""Every setting of a StyleGAN2 file replaced by nonsense: one line that names the network, or no effect."""

import contextlib
import copy
import dataclasses

import numpy as np
import pytest

from privai_tf.converters.convert import convert_network
from privai_tf.converters.stylegan2_torch import network_record
from privai_tf.errors import CheckpointError
from tests.converters.stylegan2_records import (
  CRITIC,
  GENERATOR,
  critic_record,
  generator_record,
  generator_tensors,
)

NONSENSE = (
  None,
  True,
  -1,
  0,
  3,
  1 << 70,
  2.5,
  float("nan"),
  "x",
  [],
  [1, "x"],
  (1, 2),
  {"a": 1},
  np.arange(3),
)


@contextlib.contextmanager
def one_line_or_none():
  caught = None
  try:
    yield
  except CheckpointError as error:
    caught = str(error)
  assert caught is None or ("\n" not in caught and len(caught) < 2000)


@pytest.mark.parametrize("value", NONSENSE, ids=repr)
def test_arguments_of_tensorflow_networks(value):
  for source in (generator_record(GENERATOR), critic_record(CRITIC)):
    for key in source.static_kwargs:
      if isinstance(value, np.ndarray):
        continue  # the reader refuses arrays as arguments
      changed = source.static_kwargs | {key: value}
      with one_line_or_none():
        convert_network(dataclasses.replace(source, static_kwargs=changed))


@pytest.mark.parametrize("value", NONSENSE, ids=repr)
def test_attributes_of_pytorch_networks(value):
  attributes, tensors = generator_tensors(generator_record(GENERATOR))
  for path, values in attributes.items():
    for key in values:
      changed = copy.deepcopy(attributes)
      changed[path][key] = value
      with one_line_or_none():
        convert_network(network_record("G", "Generator", changed, tensors))


def test_absent_attributes_and_tensors():
  attributes, tensors = generator_tensors(generator_record(GENERATOR))
  for path, values in attributes.items():
    for key in values:
      changed = copy.deepcopy(attributes)
      del changed[path][key]
      with one_line_or_none():
        convert_network(network_record("G", "Generator", changed, tensors))
  for name in tensors:
    if name.endswith("resample_filter"):
      continue
    kept = {key: value for key, value in tensors.items() if key != name}
    with one_line_or_none():
      converted = convert_network(network_record("G", "Generator", attributes, kept))
      assert name == "mapping.w_avg"
      assert converted.report.filled


def test_filters_of_any_form():
  attributes, tensors = generator_tensors(generator_record(GENERATOR))
  for form in ((), (0,), (0, 0), (4,), (2, 3), (2, 2, 2), (40, 40)):
    changed = tensors | {"synthesis.b8.resample_filter": np.zeros(form, np.float32)}
    with one_line_or_none():
      convert_network(network_record("G", "Generator", attributes, changed))
    every = {
      name: np.full(form, np.nan, np.float32) if name.endswith("filter") else value
      for name, value in tensors.items()
    }
    with pytest.raises(CheckpointError):
      convert_network(network_record("G", "Generator", attributes, every))
