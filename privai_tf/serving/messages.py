"""The messages of TensorFlow Serving's gRPC interface that the client needs, without TensorFlow.

`tensorflow-serving-api` has them too, but its modules import all of TensorFlow, which takes seconds
and half a gigabyte. They are described again here, in a pool of their own (so that both can be
loaded into one process); what is left out, protocol buffers skip. A test compares every field with
`tensorflow-serving-api`'s.
"""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_FIELD = descriptor_pb2.FieldDescriptorProto
_TYPES = {
  "bool": _FIELD.TYPE_BOOL,
  "bytes": _FIELD.TYPE_BYTES,
  "double": _FIELD.TYPE_DOUBLE,
  "enum": _FIELD.TYPE_INT32,  # The same bytes; the names of the values are not needed.
  "float": _FIELD.TYPE_FLOAT,
  "int32": _FIELD.TYPE_INT32,
  "int64": _FIELD.TYPE_INT64,
  "string": _FIELD.TYPE_STRING,
}
_TENSOR = ".tensorflow.TensorProto"
_MODEL = ".tensorflow.serving.ModelSpec"

# By message: name -> (number, type), "*" for repeated fields, "map" for string -> TensorProto.
_MESSAGES = {
  "google.protobuf.Int64Value": {"value": (1, "int64")},
  "tensorflow.TensorShapeProto": {"dim": (2, "*.tensorflow.TensorShapeProto.Dim")},
  "tensorflow.TensorShapeProto.Dim": {"size": (1, "int64")},
  "tensorflow.TensorProto": {
    "dtype": (1, "enum"),
    "tensor_shape": (2, ".tensorflow.TensorShapeProto"),
    "tensor_content": (4, "bytes"),
    "float_val": (5, "*float"),
    "double_val": (6, "*double"),
    "int_val": (7, "*int32"),
    "string_val": (8, "*bytes"),
    "int64_val": (10, "*int64"),
    "bool_val": (11, "*bool"),
  },
  "tensorflow.serving.ModelSpec": {
    "name": (1, "string"),
    "version": (2, ".google.protobuf.Int64Value"),
    "signature_name": (3, "string"),
  },
  "tensorflow.serving.PredictRequest": {"model_spec": (1, _MODEL), "inputs": (2, "map")},
  "tensorflow.serving.PredictResponse": {"outputs": (1, "map"), "model_spec": (2, _MODEL)},
  "tensorflow.serving.GetModelStatusRequest": {"model_spec": (1, _MODEL)},
  "tensorflow.serving.GetModelStatusResponse": {
    "model_version_status": (1, "*.tensorflow.serving.ModelVersionStatus")
  },
  "tensorflow.serving.ModelVersionStatus": {"version": (1, "int64"), "state": (2, "enum")},
}


def _add_field(message: descriptor_pb2.DescriptorProto, name: str, number: int, kind: str) -> None:
  label = _FIELD.LABEL_REPEATED if kind.startswith("*") else _FIELD.LABEL_OPTIONAL
  kind = kind.removeprefix("*")
  field = message.field.add(name=name, number=number, label=label)
  if kind.startswith("."):
    field.type, field.type_name = _FIELD.TYPE_MESSAGE, kind
  else:
    field.type = _TYPES[kind]


def _add_map(message: descriptor_pb2.DescriptorProto, package: str, name: str, number: int) -> None:
  """string -> TensorProto: on the wire a repeated message of a key and a value."""
  entry = message.nested_type.add(name=f"{name.capitalize()}Entry")
  entry.options.map_entry = True
  _add_field(entry, "key", 1, "string")
  _add_field(entry, "value", 2, _TENSOR)
  _add_field(message, name, number, f"*.{package}.{message.name}.{entry.name}")


def _described() -> descriptor_pool.DescriptorPool:
  files, found = {}, {}
  for full_name, fields in _MESSAGES.items():
    parent, name = full_name.rsplit(".", 1)
    if parent in found:
      message = found[parent].nested_type.add(name=name)
    else:
      file = files.setdefault(
        parent,
        descriptor_pb2.FileDescriptorProto(
          name=f"privai_tf/{parent}.proto", package=parent, syntax="proto3"
        ),
      )
      message = file.message_type.add(name=name)
    found[full_name] = message
    for field, (number, kind) in fields.items():
      if kind == "map":
        _add_map(message, parent, field, number)
      else:
        _add_field(message, field, number, kind)
  pool = descriptor_pool.DescriptorPool()
  for package, file in files.items():
    file.dependency.extend(f"privai_tf/{other}.proto" for other in files if other < package)
    pool.Add(file)
  return pool


_POOL = _described()


def message_class(full_name: str) -> type:
  """The class of a message, e.g. `tensorflow.serving.PredictRequest`."""
  return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(full_name))


MESSAGE_NAMES = tuple(_MESSAGES)
TensorProto = message_class("tensorflow.TensorProto")
PredictRequest = message_class("tensorflow.serving.PredictRequest")
PredictResponse = message_class("tensorflow.serving.PredictResponse")
GetModelStatusRequest = message_class("tensorflow.serving.GetModelStatusRequest")
GetModelStatusResponse = message_class("tensorflow.serving.GetModelStatusResponse")
