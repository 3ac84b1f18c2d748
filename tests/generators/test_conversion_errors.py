"""Networks that do not fit are refused by the name of what is wrong; unknown arguments are kept."""

import dataclasses

import numpy as np
import pytest

from privai_tf.converters.convert import convert_network
from privai_tf.errors import CheckpointError


@pytest.fixture
def record(official):
  return official.record("sg_tiny")


def with_synthesis(record, **changes):
  synthesis = dataclasses.replace(record.components["synthesis"], **changes)
  return dataclasses.replace(record, components=record.components | {"synthesis": synthesis})


def test_everything_is_accounted_for(record):
  converted = convert_network(record)
  report = converted.report
  assert report.read == report.converted + len(report.skipped)
  assert report.skipped == ("Gs/lod", "Gs/G_synthesis/lod")
  assert all(value.dtype == np.float32 for value in converted.weights.values())
  total = sum(value.size for value in converted.weights.values())
  networks = [record, *record.components.values()]
  assert total == sum(v.size for n in networks for v in n.variables.values()) - 2


def test_state_version_four(record):
  """StyleGAN2's configuration A: these networks, trained by StyleGAN2's code."""
  converted = convert_network(dataclasses.replace(record, version=4))
  assert converted.config == convert_network(record).config


def test_variables_that_do_not_fit_are_named(record):
  variables = dict(record.components["synthesis"].variables)
  del variables["8x8/Conv1/bias"]
  variables["8x8/Conv9/bias"] = np.zeros(3, np.float32)
  variables["4x4/Conv/weight"] = np.zeros((3, 3, 32, 31), np.float32)
  variables["noise3"] = np.full((1, 1, 8, 8), np.nan, np.float32)
  with pytest.raises(CheckpointError) as caught:
    convert_network(with_synthesis(record, variables=variables))
  message = str(caught.value)
  assert "missing Gs/G_synthesis/8x8/Conv1/bias" in message
  assert "surplus Gs/G_synthesis/8x8/Conv9/bias" in message
  assert "misshapen Gs/G_synthesis/4x4/Conv/weight: (3, 3, 32, 31), not (3, 3, 32, 32)" in message
  assert "Gs/G_synthesis/noise3 holds NaN" in message
  assert "\n" not in message


@pytest.mark.parametrize("name", ["lod", "dlatent_avg"])
def test_top_level_variables_are_needed(record, name):
  variables = {key: value for key, value in record.variables.items() if key != name}
  with pytest.raises(CheckpointError, match=f"missing Gs/{name}"):
    convert_network(dataclasses.replace(record, variables=variables))


def test_unknown_build_functions_are_named(record):
  with pytest.raises(CheckpointError, match="G_stylegan2"):
    convert_network(dataclasses.replace(record, build_func_name="G_stylegan2"))
  with pytest.raises(CheckpointError, match="G_synthesis_stylegan2"):
    convert_network(with_synthesis(record, build_func_name="G_synthesis_stylegan2"))
  with pytest.raises(CheckpointError, match="mapping"):
    convert_network(dataclasses.replace(record, components={}))


def test_arguments_are_sorted(record):
  arguments = record.static_kwargs | {
    "style_mixing_prob": 0.9,
    "truncation_psi": 0.5,
    "truncation_cutoff": None,
    "flux": 3,
  }
  converted = convert_network(dataclasses.replace(record, static_kwargs=arguments))
  assert converted.config.truncation_psi == 0.5
  assert converted.config.truncation_cutoff is None
  assert converted.report.arguments_unknown == {"flux": 3}
  assert "style_mixing_prob" in converted.report.arguments_without_effect


@pytest.mark.parametrize(
  ("name", "value"),
  [
    ("const_input_layer", False),
    ("dtype", "float16"),
    ("nonlinearity", "tanh"),
    ("resolution", 48),
  ],
)
def test_networks_that_we_do_not_have_are_refused(record, name, value):
  arguments = record.static_kwargs | {name: value}
  with pytest.raises(CheckpointError, match=name):
    convert_network(dataclasses.replace(record, static_kwargs=arguments))


@pytest.mark.parametrize(
  ("name", "value"),
  [
    ("resolution", "big"),
    ("lod", None),
    ("label_size", -3),
    ("latent_size", []),
    ("fmap_decay", 0),
  ],
)
def test_arguments_of_a_wrong_kind_are_refused(official, name, value):
  record = official.record("pg_tiny")
  if name == "lod":
    variables = record.variables | {"lod": np.array([1.0, 2.0], np.float32)}
    changed = dataclasses.replace(record, variables=variables)
  else:
    changed = dataclasses.replace(record, static_kwargs=record.static_kwargs | {name: value})
  with pytest.raises(CheckpointError):
    convert_network(changed)
