"""StyleGAN2's files from their bytes to a checkpoint, written operation by operation."""

import hashlib

import numpy as np
import pytest

from privai_tf.converters.conversion import convert_file
from privai_tf.converters.convert import convert_network
from privai_tf.converters.reading import read_any_file
from privai_tf.errors import CheckpointError
from privai_tf.generators import load_generator
from tests.converters.stylegan2_records import (
  CRITIC,
  GENERATOR,
  critic_record,
  generator_record,
  generator_tensors,
)
from tests.converters.torch_writer import TorchWriter


def network(writer, record):
  """A record as TensorFlow's programs pickle it; version 5 has four more entries."""
  entries = {}
  if record.version == 5:
    shapes = writer.list(writer.list(writer.plain(None), writer.plain(5)))
    entries |= dict.fromkeys(("input_shapes", "output_shapes"), shapes)
    entries |= dict.fromkeys(("input_names", "output_names"), writer.list(writer.text("x")))
  components = {role: network(writer, part) for role, part in record.components.items()}
  values = {name: np.asarray(v)[()] for name, v in record.variables.items()}
  return writer.network(
    record.name,
    record.build_func_name,
    values,
    arguments=record.static_kwargs,
    components=components,
    entries=entries,
  )


def same_weights(converted, expected):
  assert converted.config == expected.config
  assert converted.weights.keys() == expected.weights.keys()
  for name, value in expected.weights.items():
    np.testing.assert_array_equal(converted.weights[name], value, err_msg=name)


@pytest.mark.parametrize("mapping", ["dict", "EasyDict"])
@pytest.mark.parametrize("protocol", [3, 4])
def test_tensorflow_files(protocol, mapping, assembler, write, nothing_executed, tmp_path):
  writer = assembler(protocol=protocol, mapping=mapping, version=5)
  generator, critic = generator_record(GENERATOR), critic_record(CRITIC)
  parts = [network(writer, record) for record in (generator, critic, generator)]
  path = write(writer.file(writer.tuple(*parts)))
  with nothing_executed():
    file = read_any_file(path)
  assert [record.version for record in file.networks] == [5, 5, 5]
  same_weights(convert_network(file.network("Gs")), convert_network(generator))
  same_weights(convert_network(file.network("D")), convert_network(critic))
  _, reports = convert_file(path, tmp_path / "all", "all")
  assert [report.converted.config.role for report in reports] == [
    "generator",
    "discriminator",
    "generator",
  ]
  assert load_generator(tmp_path / "all").config == GENERATOR


def test_a_lone_tensorflow_network(assembler, write):
  writer = assembler(version=5)
  path = write(writer.file(network(writer, generator_record(GENERATOR))))
  assert load_generator(path).family == "stylegan2"


def module(writer, path, attributes, tensors):
  """A module with its parts, as `torch_utils.persistence` pickles it."""
  depth = path.count(".") + 1 if path else 0
  prefix = f"{path}." if path else ""
  own = {
    name.rpartition(".")[2]: writer.nested(value)
    for name, value in tensors.items()
    if name.rpartition(".")[0] == path
  }
  names = {
    name.split(".")[depth]
    for name in [*attributes, *(name.rpartition(".")[0] for name in tensors)]
    if name and name.startswith(prefix) and name.count(".") >= depth
  }
  parts = {n: module(writer, f"{prefix}{n}", attributes, tensors) for n in sorted(names)}
  return writer.persistent(
    "Generator" if not path else "Module",
    _parameters=writer.dict(own),
    _modules=writer.dict(parts),
    **{key: writer.plain(value) for key, value in attributes.get(path, {}).items()},
  )


def test_a_pytorch_file_with_only_the_averaged_generator(write, nothing_executed, tmp_path):
  record = generator_record(GENERATOR)
  attributes, tensors = generator_tensors(record)
  # Channels last in memory, as half-precision layers are kept.
  name = "synthesis.b16.conv1.weight"
  tensors[name] = np.ascontiguousarray(tensors[name].transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
  writer = TorchWriter(protocol=4)
  path = write(writer.snapshot(module(writer, "", attributes, tensors)))
  with nothing_executed():
    file = read_any_file(path)
  assert file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
  same_weights(convert_network(file.network("Gs")), convert_network(record))
  with pytest.raises(CheckpointError, match="no network D"):
    file.network("D")
  _, (report,) = convert_file(path, tmp_path / "one")
  lines = "\n".join(report.lines())
  assert "skipped    synthesis.b16.resample_filter" in lines
  assert "reloaded   equal" in lines
  generator = load_generator(tmp_path / "one")
  again = load_generator(path)
  assert generator.fingerprint == again.fingerprint
  labels = np.eye(3, dtype=np.float32)[:1]
  images = generator.synthesize(generator.sample_z(1, 0), latent_space="Z", labels=labels)
  assert np.isfinite(images).all()
