"""Recognizers by name, learned de-anonymizers, and refusals."""

import json

import numpy as np
import pytest

from privai_tf.errors import CheckpointError, ConfigurationError
from privai_tf.evaluation.recognition.deanonymizer import learn
from privai_tf.evaluation.recognition.recognizer import load_recognizer, recognizers_at_hand
from privai_tf.inversion import faceres


@pytest.mark.parametrize("kind", ["ridge", "network"])
def test_a_public_rotation_is_undone(kind):
  random = np.random.default_rng(0)
  originals = random.standard_normal((1200, 4))
  turn, _ = np.linalg.qr(random.standard_normal((4, 4)))
  released = np.hstack([originals @ turn, np.ones((1200, 1))])  # A constant says nothing.
  undo = learn(kind, released[:1000], originals[:1000])
  errors = np.square(undo(released[1000:]) - originals[1000:]).mean()
  assert errors < {"ridge": 1e-3, "network": 0.1}[kind]


def test_noise_alone_is_answered_with_the_mean():
  random = np.random.default_rng(1)
  originals = 3.0 + random.standard_normal((1000, 2))
  undo = learn("ridge", random.standard_normal((1000, 20)), originals)
  np.testing.assert_allclose(undo(random.standard_normal((5, 20))), 3.0, atol=0.5)


def test_unknown_names_are_refused():
  with pytest.raises(ConfigurationError, match="dlib or faceres"):
    load_recognizer("arcface")
  with pytest.raises(ConfigurationError, match="ridge or network"):
    learn("forest", np.zeros((2, 1)), np.zeros((2, 1)))
  with pytest.raises(ConfigurationError, match="no folder"):
    load_recognizer("dlib:somewhere")


def test_missing_and_other_files_are_told(tmp_path, monkeypatch):
  with pytest.raises(ConfigurationError, match="--download=faceres"):
    load_recognizer(f"faceres:{tmp_path}")
  for name in faceres.FILES:
    (tmp_path / name).write_bytes(b"{}")
  with pytest.raises(CheckpointError, match="another SHA-256"):
    load_recognizer(f"faceres:{tmp_path}")
  monkeypatch.setenv("PRIVAI_CACHE_DIR", str(tmp_path / "empty"))
  assert "faceres" not in [recognizer.name for recognizer in recognizers_at_hand()]


def test_a_graph_is_computed_as_it_is_written(tmp_path, monkeypatch):
  """A graph of every operation that faceres has, against NumPy."""
  random = np.random.default_rng(2)
  stored = {
    "k": random.standard_normal((1, 1, 3, 4)),
    "d": random.standard_normal((1, 1, 4, 1)),
    "s": np.array(0.01),
    "low": np.array(0.0),
    "high": np.array(6.0),
    "w": random.standard_normal((4, 2)),
    "b": random.standard_normal(2),
    "axes": np.array([1, 2]),
  }
  data, manifest = b"", []
  for name, values in stored.items():
    whole = name == "axes"
    values = values.astype("<i4" if whole else "<f2")
    stored[name] = values.astype(np.float64)
    data += values.tobytes()
    entry = {"name": name, "shape": list(values.shape), "dtype": "int32" if whole else "float32"}
    manifest.append(entry if whole else entry | {"quantization": {"dtype": "float16"}})
  strides = {"strides": {"list": {"i": ["1", "1", "1", "1"]}}}
  fused = {"fused_ops": {"list": {"s": ["Qmlhc0FkZA==", "UmVsdQ=="]}}}
  nodes = [{"name": "x", "op": "Placeholder"}]
  nodes += [{"name": name, "op": "Const"} for name in stored]
  for name, op, inputs, attributes in (
    ("conv", "Conv2D", ["x", "k"], strides),
    ("deep", "DepthwiseConv2dNative", ["conv", "d"], strides),
    ("small", "Mul", ["deep", "s"], {}),
    ("plus", "Add", ["small", "s"], {}),
    ("relu", "Relu", ["plus"], {}),
    ("least", "Minimum", ["relu", "high"], {}),
    ("most", "Maximum", ["least", "low"], {}),
    (faceres.FEATURES, "Mean", ["most", "axes"], {}),
    ("dense", "_FusedMatMul", [faceres.FEATURES, "w", "b"], fused),
    ("chance", "Softmax", ["dense"], {}),
  ):
    nodes.append({"name": name, "op": op, "input": inputs, "attr": attributes})
  model = {"modelTopology": {"node": nodes}, "weightsManifest": [{"weights": manifest}]}
  contents = {"faceres.json": json.dumps(model).encode(), "faceres.bin": data}
  for name, content in contents.items():
    (tmp_path / name).write_bytes(content)
  monkeypatch.setattr(
    faceres, "FILES", {n: faceres.hashlib.sha256(c).hexdigest() for n, c in contents.items()}
  )
  recognizer = load_recognizer(f"faceres:{tmp_path}")
  found = recognizer.embed(np.full((2, 32, 32, 3), 0.5, np.float32))
  pixel = np.rint(0.5 * 127.5 + 127.5) * np.ones(3)
  by_hand = np.clip(
    pixel @ stored["k"][0, 0] * stored["d"][0, 0, :, 0] * stored["s"] + stored["s"], 0, 6
  )
  np.testing.assert_allclose(found, np.tile(by_hand, (2, 1)), rtol=2e-3, atol=1e-3)
