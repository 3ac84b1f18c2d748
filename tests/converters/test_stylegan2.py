"""StyleGAN2's networks, from TensorFlow's variables and from PyTorch's tensors, to the same weights."""

import dataclasses

import numpy as np
import pytest

from privai_tf.converters.convert import convert_network
from privai_tf.converters.parity import check_parity
from privai_tf.converters.stylegan2_torch import network_record
from privai_tf.errors import CheckpointError
from privai_tf.generators.checkpoint import save_checkpoint
from privai_tf.generators.families import create_generator
from privai_tf.generators.stylegan2.config import WHOLE_BATCH
from tests.converters.stylegan2_records import (
  CRITIC,
  GENERATOR,
  critic_name,
  critic_record,
  generator_record,
  generator_tensors,
  in_pytorch,
)


def same(first, second):
  assert first.config == second.config
  assert first.weights.keys() == second.weights.keys()
  for name, value in first.weights.items():
    np.testing.assert_array_equal(value, second.weights[name], err_msg=name)


def test_both_programs_generators_become_the_same(tmp_path):
  source = generator_record(GENERATOR)
  ours = convert_network(source)
  assert ours.config == GENERATOR
  assert ours.report.arguments_without_effect == {"num_fp16_res": 4}
  assert not ours.report.arguments_unknown
  create_generator(ours.config, ours.weights)  # names and shapes
  attributes, tensors = generator_tensors(source)
  theirs = network_record("G_ema", "Generator", attributes, tensors)
  same(convert_network(theirs), ours)
  for number, network in enumerate((source, theirs)):
    converted = convert_network(network)
    save_checkpoint(tmp_path / str(number), converted.config, converted.weights)
    lines = "\n".join(check_parity(network, converted, tmp_path / str(number)).lines())
    assert ("shifted    6 biases" in lines) == (network is source)


def test_a_weight_that_changed_is_noticed(tmp_path):
  source = generator_record(GENERATOR)
  converted = convert_network(source)
  save_checkpoint(tmp_path, converted.config, converted.weights)
  source.components["synthesis"].variables["4x4/Conv/mod_bias"][0] += 0.5
  with pytest.raises(CheckpointError, match="numbers were read"):
    check_parity(source, converted, tmp_path)


def test_both_programs_discriminators_become_the_same():
  source = critic_record(CRITIC)
  ours = convert_network(source)
  assert ours.config == CRITIC
  attributes = {
    "": {"c_dim": 3, "img_resolution": 16, "img_channels": 3},
    "mapping": {"num_layers": 1},
    "mapping.fc0": {"bias_gain": 0.01},
    "b4.mbstd": {"group_size": 4, "num_channels": 2},
  }
  for resolution in (4, 8, 16):
    attributes[f"b{resolution}"] = {"architecture": "skip"}
    attributes[f"b{resolution}.fromrgb"] = {"conv_clamp": None, "activation": "lrelu"}
  tensors = in_pytorch(source.variables, "", critic_name)
  tensors["b8.resample_filter"] = np.outer([1, 3, 3, 1], [1, 3, 3, 1]).astype(np.float32) / 64
  same(convert_network(network_record("D", "Discriminator", attributes, tensors)), ours)


def test_a_generator_without_the_mean_of_w():
  attributes, tensors = generator_tensors(generator_record(GENERATOR))
  del tensors["mapping.w_avg"]
  converted = convert_network(network_record("G", "Generator", attributes, tensors))
  assert converted.report.filled == ("mapping/w/mean",)
  assert not converted.weights["mapping/w/mean"].any()


@pytest.mark.parametrize("function", ["G_synthesis_stylegan2", "G_synthesis_stylegan_revised"])
def test_version_four(function):
  revised = function.endswith("revised")
  config = dataclasses.replace(
    GENERATOR,
    normalize_labels=False,
    conv_clamp=None,
    architecture="progressive" if revised else "skip",
    lod=1.5 if revised else 0.0,
    truncation_psi=0.5,
    truncation_cutoff=3,
  )
  arguments = {"architecture": "skip", "truncation_cutoff": 3}
  converted = convert_network(generator_record(config, 4, function, **arguments))
  assert converted.config == config
  assert converted.report.skipped == ("Gs/lod", f"Gs/{function}/lod")[: 1 + revised]


@pytest.mark.parametrize(
  ("arguments", "expected"),
  [
    ({"mbstd_group_size": None}, (WHOLE_BATCH, 2)),
    ({"mbstd_group_size": 1}, (1, 2)),
    ({}, (4, 2)),
  ],
)
def test_groups_of_the_minibatch_deviation(arguments, expected):
  config = convert_network(critic_record(CRITIC, **arguments)).config
  assert (config.mbstd_group_size, config.mbstd_num_features) == expected


def test_no_minibatch_deviation():
  plain = dataclasses.replace(CRITIC, mbstd_group_size=0, label_widths=(), label_size=0)
  for function, arguments in (
    ("D_main", {"mbstd_num_features": 0, "mbstd_group_size": 4}),
    ("D_stylegan2", {"mbstd_group_size": 1}),
    ("D_stylegan2", {"mbstd_group_size": 0}),
  ):
    found = critic_record(plain, function, 4, **arguments)
    assert convert_network(found).config.mbstd_group_size == 0, function


@pytest.mark.parametrize(
  ("change", "words"),
  [
    ({"version": 3}, "G_main in state version 3"),
    ({"components": {}}, "component 'mapping'"),
    ({"static_kwargs": {"architecture": "unet", "resolution": 16}}, "architecture='unet'"),
    ({"static_kwargs": {"resolution": 24}}, "resolution is 24"),
  ],
)
def test_what_is_no_stylegan2_is_refused(change, words):
  with pytest.raises(CheckpointError, match=words) as caught:
    convert_network(dataclasses.replace(generator_record(GENERATOR), **change))
  assert "\n" not in str(caught.value)


def test_variables_that_do_not_fit_are_named():
  source = generator_record(GENERATOR)
  values = source.components["synthesis"].variables
  values["8x8/Conv9/bias"] = values.pop("8x8/Conv1/bias")
  values["4x4/Conv/mod_bias"] = np.zeros(9, np.float32)
  with pytest.raises(CheckpointError) as caught:
    convert_network(source)
  assert "missing Gs/G_synthesis/8x8/Conv1/bias" in str(caught.value)
  assert "surplus Gs/G_synthesis/8x8/Conv9/bias" in str(caught.value)
  assert "misshapen Gs/G_synthesis/4x4/Conv/mod_bias: (9,), not (4,)" in str(caught.value)
  del values["16x16/Conv1/weight"]
  with pytest.raises(CheckpointError, match="no variable 16x16/Conv1/weight"):
    convert_network(source)


@pytest.mark.parametrize(
  ("damage", "words"),
  [
    (lambda a, t: a["synthesis.b8"].update(architecture="skip"), "do not agree in architecture"),
    (lambda a, t: a["synthesis.b8.conv0"].update(conv_clamp=1.0), "do not agree in conv_clamp"),
    (lambda a, t: t["synthesis.b8.resample_filter"].__imul__(2), "not one filter"),
    (lambda a, t: a.pop("synthesis.b4"), "without the parts of StyleGAN2's"),
    (lambda a, t: t.pop("mapping.fc1.bias"), "missing G/mapping.fc1.bias"),
    (lambda a, t: a[""].update(img_resolution="large"), "resolution is 'large'"),
  ],
)
def test_pytorch_networks_that_contradict_themselves(damage, words):
  attributes, tensors = generator_tensors(generator_record(GENERATOR))
  damage(attributes, tensors)
  with pytest.raises(CheckpointError, match=words) as caught:
    convert_network(network_record("G", "Generator", attributes, tensors))
  assert "\n" not in str(caught.value)
