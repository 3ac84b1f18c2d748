"""The export: stock kernels only, equal images, files that appear whole or not at all."""

import io
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from PIL import Image
from tensorflow.core.protobuf import saved_model_pb2

from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import ConfigurationError, InputError, OutputError
from privai_tf.serving import exporting
from privai_tf.serving.exporting import ExportJob, export


@pytest.fixture(scope="module")
def loaded(exported):
  return tf.saved_model.load(str(exported.folder))


@pytest.fixture(scope="module")
def generator(serving_checkpoint):
  from privai_tf.generators import load_generator

  return load_generator(serving_checkpoint)


@pytest.fixture(scope="module")
def pggan_checkpoint(tmp_path_factory):
  from privai_tf.generators.checkpoint import save_checkpoint
  from privai_tf.generators.config import PGGANConfig
  from privai_tf.generators.pggan import PGGANNetwork

  folder = tmp_path_factory.mktemp("pggan") / "small"
  config = PGGANConfig(resolution=16, latent_size=8, fmap_base=64, fmap_max=8)
  variables = PGGANNetwork(config, seed=1).named_variables()
  weights = {name: np.asarray(variable) for name, variable in variables.items()}
  save_checkpoint(folder, config, weights, {})
  return folder


def _pixels(png):
  return np.asarray(Image.open(io.BytesIO(png))).astype(int)


def _graphs(folder):
  """All nodes of the saved model, and the functions' attributes."""
  saved = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
  (graph,) = (meta.graph_def for meta in saved.meta_graphs)
  functions = list(graph.library.function)
  nodes = [*graph.node, *(node for function in functions for node in function.node_def)]
  return nodes, functions


def test_every_op_is_a_stock_kernel_without_python_xla_or_fixed_seeds(exported):
  nodes, functions = _graphs(exported.folder)
  names = {function.signature.name for function in functions}
  stock = {name.lower() for name in dir(tf.raw_ops)}
  ops = {node.op for node in nodes} - names
  assert {"EncodePng", "Conv2D", "NonDeterministicInts", "Assert"} <= ops
  assert {op for op in ops if op.lower() not in stock} == set()
  assert {op for op in ops if "py" in op.lower() and "copy" not in op.lower()} == set()
  assert {op for op in ops if "xla" in op.lower()} == set()
  for item in (*nodes, *functions):
    assert not item.attr["_XlaMustCompile"].b
    assert not item.attr["_XlaCompile"].b
  # Random ops of the other kinds would carry a seed, or hold a state that is saved.
  random = {op for op in ops if "Random" in op or "Rng" in op or "Philox" in op}
  assert all(op.startswith("Stateless") for op in random)


def test_every_input_and_output_has_the_batch_first(exported, loaded):
  assert exported.signatures == ("synthesize", "encode", "privatize_latents", "privatize")
  for function in loaded.signatures.values():
    specs = [*function.structured_input_signature[1].values()]
    specs += tf.nest.flatten(function.structured_outputs)
    assert all(spec.shape.rank >= 1 and spec.shape[0] is None for spec in specs)


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_images_equal_those_of_the_library(loaded, generator, noise):
  from privai_tf.generators import to_uint8

  codes = generator.map(generator.sample_z(5, seed=3)) * noise
  answer = loaded.signatures["synthesize"](latents=tf.constant(codes))["image_bytes"].numpy()
  own = to_uint8(generator.synthesize(codes, latent_space="W")).astype(int)
  difference = np.abs(np.stack([_pixels(png) for png in answer]) - own)
  assert difference.max() <= 1
  assert (difference == 0).mean() > 0.999


def test_pggan_is_exported_in_z_with_its_own_rounding(pggan_checkpoint, tmp_path):
  from privai_tf.generators import load_generator, to_uint8

  made = export(ExportJob(str(pggan_checkpoint), tmp_path / "small"))
  assert (made.signatures, made.latent_space, made.attributes) == (("synthesize",), "Z", ())
  generator = load_generator(pggan_checkpoint)
  codes = generator.sample_z(3, seed=0)
  synthesize = tf.saved_model.load(str(made.folder)).signatures["synthesize"]
  answer = synthesize(latents=tf.constant(codes))["image_bytes"].numpy()
  own = to_uint8(generator.synthesize(codes, latent_space="Z"), "pggan").astype(int)
  difference = np.abs(np.stack([_pixels(png) for png in answer]) - own)
  assert difference.max() <= 1
  assert (difference == 0).mean() > 0.999


def _file(pixels, kind):
  buffer = io.BytesIO()
  Image.fromarray(pixels).save(buffer, kind, **({"quality": 95} if kind == "JPEG" else {}))
  return buffer.getvalue()


def test_files_are_encoded_as_the_library_does(loaded, generator):
  from privai_tf.faces.loading import center_square, resized, to_signed
  from privai_tf.inversion.encoder import find_encoder
  from privai_tf.serving.pictures import decode_images

  random = np.random.default_rng(0)
  coarse = random.integers(0, 256, (6, 8, 3), np.uint8)
  wide = np.asarray(Image.fromarray(coarse).resize((91, 60)))
  own_size = np.asarray(Image.fromarray(coarse).resize((32, 32)))
  files = [_file(own_size, "PNG"), _file(wide, "PNG"), _file(wide, "BMP"), _file(wide, "GIF")]
  images = decode_images(tf.constant(files), 32, 3).numpy()
  np.testing.assert_array_equal(images[0], to_signed(own_size))
  scaled = to_signed(resized(center_square(wide), 32))
  np.testing.assert_array_equal(images[1], images[2])
  assert np.abs(images[1] - scaled).max() < 2.5 / 127.5
  # In the graph too, where TensorFlow once computed something else.
  answer = loaded.signatures["encode"](image_bytes=tf.constant(files))["latents"].numpy()
  np.testing.assert_allclose(answer, find_encoder(generator).encode(images), atol=1e-5)


def test_jpeg_has_the_pixels_of_every_other_path(loaded, generator):
  """Value for value as Pillow decodes it; TensorFlow's default transform differs in most of them."""
  from privai_tf.faces.decoding import decode_image
  from privai_tf.faces.loading import to_signed
  from privai_tf.inversion.encoder import find_encoder
  from privai_tf.serving.pictures import decode_images

  random = np.random.default_rng(1)
  coarse = Image.fromarray(random.integers(0, 256, (6, 6, 3), np.uint8))
  file = _file(np.asarray(coarse.resize((32, 32))), "JPEG")
  own = to_signed(decode_image(file, "one"))[np.newaxis]
  np.testing.assert_array_equal(decode_images(tf.constant([file]), 32, 3).numpy(), own)
  fast = tf.io.decode_jpeg(file).numpy()
  assert np.mean(to_signed(fast) != own[0]) > 0.1
  answer = loaded.signatures["encode"](image_bytes=tf.constant([file]))["latents"].numpy()
  np.testing.assert_allclose(answer, find_encoder(generator).encode(own), atol=1e-5)


def test_folder_holds_what_a_server_needs(exported):
  base, version = exported.folder.parent, exported.folder
  assert sorted(path.name for path in base.iterdir()) == [
    "1",
    "batching_parameters.txt",
    "docker-compose.yml",
    "models.config",
    "monitoring.config",
  ]
  described = json.loads((version / exporting.DESCRIPTION_FILE).read_text())
  assert described["latent_space"] == "W"
  assert described["encoder"] is True
  assert described["grade"] == "simulation"
  assert [release["attribute"] for release in described["releases"]] == ["smile", "age"]
  assert described["releases"][0]["epsilon_range"] == [0.01, 100.0]
  batching = (base / "batching_parameters.txt").read_text()
  assert "max_execution_batch_size { value: 8 }" in batching
  assert "max_batch_size { value: 64 }" in batching
  assert [line for line in batching.splitlines() if line.startswith("allowed")] == [
    f"allowed_batch_sizes: {size}" for size in (1, 2, 4, 8)
  ]
  compose = (base / "docker-compose.yml").read_text()
  assert "image: tensorflow/serving" in compose
  assert "--enable_batching=true" in compose
  assert "127.0.0.1:8500:8500" in compose


def test_configuration_is_what_the_servers_protocol_reads(exported):
  from tensorflow_serving.config import model_server_config_pb2

  text = (exported.folder.parent / "models.config").read_text()
  config = text_format.Parse(text, model_server_config_pb2.ModelServerConfig())
  (model,) = config.model_config_list.config
  assert (model.name, model.base_path) == ("tiny", "/models/tiny")
  assert model.model_version_policy.latest.num_versions == 1


def test_an_existing_version_and_edited_configuration_stay(exported, serving_checkpoint, tmp_path):
  base = tmp_path / "tiny"
  shutil.copytree(exported.folder.parent, base)
  (base / "models.config").write_text("# mine")
  job = ExportJob(str(serving_checkpoint), base, attributes=())
  with pytest.raises(OutputError, match="give a higher version"):
    export(job)
  second = export(ExportJob(str(serving_checkpoint), base, version=2, attributes=()))
  assert second.signatures == ("synthesize", "encode")
  assert second.configuration == ()
  assert (base / "models.config").read_text() == "# mine"
  assert (base / "2" / "saved_model.pb").is_file()


def test_a_model_that_draws_other_images_is_not_published(
  serving_checkpoint, tmp_path, monkeypatch
):
  monkeypatch.setattr(exporting, "to_uint8", lambda images, _: np.zeros(images.shape, np.uint8))
  job = ExportJob(str(serving_checkpoint), tmp_path / "tiny", attributes=(), encoder=False)
  with pytest.raises(RuntimeError, match="other images"):
    export(job)
  assert list((tmp_path / "tiny").iterdir()) == []


def test_what_does_not_fit_is_refused(serving_checkpoint, tmp_path):
  checkpoint = str(serving_checkpoint)
  with pytest.raises(ConfigurationError, match="gives W codes, not Z"):
    export(ExportJob(checkpoint, tmp_path / "tiny", latent_space="Z"))
  foreign = Boundary(np.ones(16), provenance={"checkpoint_sha256": "0" * 64})
  path = foreign.save(tmp_path / "smile_w_boundary.npy")
  with pytest.raises(InputError, match=r"smile_w_boundary\.npy: .* is of another checkpoint"):
    export(ExportJob(checkpoint, tmp_path / "tiny", attributes=(str(path),)))
  with pytest.raises(ConfigurationError, match="the folder's name becomes the model's"):
    ExportJob(checkpoint, tmp_path / "my model")
  with pytest.raises(ConfigurationError, match="version is 0"):
    ExportJob(checkpoint, tmp_path / "tiny", version=0)
  assert not (tmp_path / "tiny").exists()
  (tmp_path / "file").write_text("")
  with pytest.raises(OutputError):
    export(ExportJob(checkpoint, tmp_path / "file" / "tiny", attributes=()))


@pytest.mark.slow
def test_saved_model_cli_shows_and_runs_it(exported, tmp_path):
  tool = os.path.join(os.path.dirname(sys.executable), "saved_model_cli")
  np.save(tmp_path / "latents.npy", np.zeros((2, 16), np.float32))
  run = [
    *(tool, "run", "--dir", str(exported.folder), "--tag_set", "serve"),
    *("--signature_def", "privatize_latents", "--inputs", f"latents={tmp_path / 'latents.npy'}"),
    *("--input_exprs", 'attribute=["smile", "age"];epsilon=[1.0, 2.0]'),
    *("--outdir", str(tmp_path / "out")),
  ]
  result = subprocess.run(run, capture_output=True, text=True, check=False)
  assert result.returncode == 0, result.stderr
  assert np.load(tmp_path / "out" / "latents.npy").shape == (2, 16)
  np.testing.assert_array_equal(np.load(tmp_path / "out" / "private.npy"), [False, False])
