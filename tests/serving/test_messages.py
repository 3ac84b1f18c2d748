"""The client's own messages are those of `tensorflow-serving-api`, and cost no TensorFlow."""

import subprocess
import sys

import numpy as np
import pytest

from privai_tf.serving.messages import MESSAGE_NAMES, TensorProto, message_class
from privai_tf.serving.tensors import fill_tensor, read_tensor

_ARRAYS = [
  np.array([[1.5, -2.0], [np.inf, 0.0]], np.float32),
  np.array([0.1, 0.2], np.float64),
  np.array([1, -2], np.int32),
  np.array([1 << 40], np.int64),
  np.array([[0, 255]], np.uint8),
  np.array([True, False]),
  np.array([b"\x00\xff", b""], object),
  np.zeros((0, 3), np.float32),
]


def test_every_field_is_the_official_one():
  from google.protobuf import descriptor_pool
  from tensorflow_serving.apis import get_model_status_pb2, predict_pb2  # noqa: F401

  official = descriptor_pool.Default()
  for name in MESSAGE_NAMES:
    theirs = official.FindMessageTypeByName(name)
    for field in message_class(name).DESCRIPTOR.fields:
      same = theirs.fields_by_number[field.number]
      assert (field.name, field.is_repeated) == (same.name, same.is_repeated)
      # Enumerations travel as integers.
      if same.enum_type is None:
        assert field.type == same.type, f"{name}.{field.name}"
      if same.message_type is not None:
        assert field.message_type.full_name == same.message_type.full_name


@pytest.mark.parametrize("values", _ARRAYS, ids=lambda values: f"{values.dtype}{values.shape}")
def test_arrays_travel_both_ways_between_our_messages_and_tensorflows(values):
  import tensorflow as tf
  from tensorflow.core.framework import tensor_pb2

  ours = TensorProto()
  fill_tensor(ours, values)
  theirs = tensor_pb2.TensorProto.FromString(ours.SerializeToString())
  np.testing.assert_array_equal(tf.make_ndarray(theirs), values)
  for made in (tf.make_tensor_proto(values), theirs):
    back = read_tensor(TensorProto.FromString(made.SerializeToString()))
    np.testing.assert_array_equal(back, values)
    assert back.dtype == values.dtype


def test_left_out_repetitions_and_fields_are_read():
  ours = TensorProto(dtype=1, float_val=[2.0])
  ours.tensor_shape.dim.add(size=3)
  np.testing.assert_array_equal(read_tensor(ours), np.full(3, 2, np.float32))
  with pytest.raises(ValueError, match="type 8"):
    read_tensor(TensorProto(dtype=8))
  with pytest.raises(ValueError, match="reshape"):
    read_tensor(TensorProto(dtype=1, tensor_content=b"\0" * 8))
  with pytest.raises(TypeError):
    fill_tensor(TensorProto(), np.array([1j]))


def test_client_starts_no_tensorflow(repository):
  code = (
    "import sys; from privai_tf.serving import ServingClient\n"
    "for protocol in ('grpc', 'rest'): ServingClient('localhost:1', 'tiny', protocol)\n"
    "print([m for m in ('tensorflow', 'keras', 'scipy', 'sklearn') if m in sys.modules])"
  )
  result = subprocess.run(
    [sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=True
  )
  assert result.stdout.strip() == "[]"
