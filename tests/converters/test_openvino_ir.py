"""The reader of OpenVINO's IR: a small MobileStyleGAN is read, broken and hostile ones are refused."""

import re

import numpy as np
import pytest

from privai_tf.converters.errors import NetworkFileError
from privai_tf.converters.mobilestylegan import convert_graphs
from privai_tf.converters.mobilestylegan_files import convert_folder
from privai_tf.converters.mobilestylegan_published import is_ir_folder
from privai_tf.converters.openvino_ir import read_ir
from privai_tf.errors import InputError, OutputError, PrivaiError
from privai_tf.generators.checkpoint import read_checkpoint
from privai_tf.generators.mobilestylegan_config import haar_order
from tests.converters.ir_writer import random_weights, write_ir

XML, BIN = "SynthesisNetwork.xml", "SynthesisNetwork.bin"
MAPPING_XML, MAPPING_BIN = "MappingNetwork.xml", "MappingNetwork.bin"


@pytest.fixture(scope="module")
def weights():
  return random_weights()


@pytest.fixture
def folder(weights, tmp_path):
  write_ir(weights, tmp_path / "ir")
  return tmp_path / "ir"


def _read(folder):
  graphs = [
    read_ir(folder / f"{n}Network.xml", folder / f"{n}Network.bin")
    for n in ("Mapping", "Synthesis")
  ]
  return convert_graphs(*graphs)


def test_weights_are_found_by_role(folder, weights):
  config, found = _read(folder)
  assert (config.resolution, config.num_channels, config.num_layers) == (32, 3, 6)
  assert (config.latent_size, config.mapping_fmaps, config.dlatent_size) == (6, 10, 8)
  assert config.fmaps == (16, 8, 12)
  assert (config.truncation_psi, config.truncation_cutoff) == (0.5, None)
  weight, bias = weights["dense"][1]
  np.testing.assert_allclose(found["mapping/dense1/weight"], 2**0.5 * weight.T, rtol=1e-6)
  np.testing.assert_allclose(found["mapping/dense1/bias"], 2**0.5 * bias, rtol=1e-6)
  conv1, conv2 = weights["convs"][1:3]
  np.testing.assert_array_equal(
    found["synthesis/8x8/conv1/depthwise"], conv1["dw"][:, 0, 0].transpose(1, 2, 0)[..., None]
  )
  np.testing.assert_array_equal(
    found["synthesis/8x8/conv1/weight"][0, 0], conv1["kernel"][..., 0, 0].T
  )
  # What a transform follows is in the order of ours: [low | band 0 | band 1 | band 2].
  np.testing.assert_array_equal(haar_order(8), [0, 1, 2, 5, 3, 6, 4, 7])
  np.testing.assert_array_equal(found["synthesis/8x8/conv2/bias"], conv2["bias"][haar_order(8)])
  np.testing.assert_array_equal(found["synthesis/16x16/conv2/bias"], weights["convs"][4]["bias"])
  noise = found["synthesis/8x8/conv1/noise"]
  assert np.mean(noise**2) == pytest.approx(1, abs=1e-6)
  np.testing.assert_allclose(
    found["synthesis/8x8/conv1/noise_strength"] * noise[0, ..., 0], conv1["noise"][0, 0], atol=1e-7
  )


def test_a_folder_becomes_a_checkpoint(folder, tmp_path):
  assert is_ir_folder(folder)
  config, verified = convert_folder(folder, tmp_path / "out")
  checkpoint = read_checkpoint(tmp_path / "out")
  assert not verified
  assert checkpoint.config == config
  assert checkpoint.provenance["source"].startswith("unverified")
  assert np.abs(checkpoint.weights["mapping/w/mean"]).max() > 0
  with pytest.raises(OutputError, match="not an empty folder"):
    convert_folder(folder, tmp_path / "out")
  assert sorted(p.name for p in tmp_path.iterdir()) == ["ir", "out"]


def test_no_noise_has_no_strength(weights, tmp_path):
  silent = {**weights, "convs": [{**c, "noise": 0 * c["noise"]} for c in weights["convs"]]}
  write_ir(silent, tmp_path / "ir")
  _, found = _read(tmp_path / "ir")
  assert found["synthesis/4x4/conv/noise_strength"] == 0
  assert not found["synthesis/4x4/conv/noise"].any()


def _sub(pattern, by, count=1):
  def edit(text):
    changed, done = re.subn(pattern, by, text, count=count)
    assert done, f"nothing matches {pattern}"
    return changed

  return edit


_BOMB = '<!DOCTYPE net [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
_EXTERNAL = '<!DOCTYPE net SYSTEM "file:///etc/hostname">'
_DEEP = "<meta_data>" + "<a>" * 30 + "</a>" * 30 + "</meta_data>"
_WHAT_TILE_ASKS = r'(type="Tile".*?<output>.*?<dim>)1(</dim>)'
# Of each: the file, what is done to it, and words of the refusal.
BROKEN = {
  "entities": (XML, _sub("<net", _BOMB + "<net"), "document type or entities"),
  "external": (XML, _sub("<net", _EXTERNAL + "<net"), "document type or entities"),
  "encoding": (XML, _sub(r'version="1.0"', 'version="1.0" encoding="utf-7"'), "XML|encoding"),
  "latin": (XML, _sub(r'version="1.0"', 'version="1.0" encoding="latin-1"'), "not UTF-8"),
  "no xml": (XML, lambda text: "hello", "not well-formed"),
  "cut xml": (XML, lambda text: text[: len(text) // 2], "not well-formed"),
  "nothing": (XML, lambda text: "", "empty"),
  "no layers": (XML, lambda text: '<net version="10"></net>', "no layers"),
  "version 11": (XML, _sub('" version="10"', '" version="11"'), "only 10"),
  "deep": (XML, _sub(r"<meta_data>.*</meta_data>", _DEEP), "nested too deeply"),
  "unknown element": (XML, _sub("<edges>", "<script/><edges>"), "unknown element"),
  "text": (XML, _sub("<edges>", "<edges>text"), "text where none belongs"),
  "layers": (
    XML,
    _sub("</layers>", "".join(f'<layer id="{n}" type="Const"/>' for n in range(5000, 9500)) + "</layers>"),
    "more than 4096 layers",
  ),
  "same id": (XML, _sub('layer id="2"', 'layer id="1"'), "two layers have the id 1"),
  "id": (XML, _sub('layer id="2"', 'layer id="-2"'), "not a number"),
  "many digits": (XML, _sub('layer id="2"', f'layer id="{"9" * 99999}"'), "not a number"),
  "other digits": (XML, _sub('layer id="2"', 'layer id="٢"'), "not a number"),
  "unknown operation": (XML, _sub('type="PReLU"', 'type="Loop"'), "the operation 'Loop'"),
  "operation's version": (XML, _sub('type="PReLU" version="opset1"', 'type="PReLU" version="opset6"'), "opset6"),
  "attribute": (XML, _sub('strides="1, 1"', 'strides="3, 3"'), "'strides' = '3, 3'"),
  "new attribute": (XML, _sub('axis="0"', 'axis="0" x="1"'), "'x' = '1'"),
  "no attribute": (XML, _sub(' auto_pad="explicit"', ""), "lacks 'auto_pad'"),
  "two data": (XML, _sub('<data axis="0"/>', '<data axis="0"/><data axis="0"/>'), "two data"),
  "element type": (XML, _sub('element_type="f32" shape="12, 8"', 'element_type="f16" shape="12, 8"'), "number type 'f16'"),
  "precision": (XML, _sub('precision="FP32"', 'precision="FP16"'), "number type 'FP16'"),
  "shape": (XML, _sub('shape="16, 8"', 'shape="-1, 8"'), "not a number"),
  "open shape": (XML, _sub('shape="16, 8"', 'shape="?"'), "not a number"),
  "huge shape": (XML, _sub('shape="16, 8"', 'shape="65536, 65536, 65536"'), "does not fit its shape"),
  "zero": (XML, _sub('shape="16, 8"', 'shape="0, 8"'), "does not fit its shape"),
  "size": (XML, _sub('size="512"', 'size="511"'), "does not fit its shape"),
  "negative offset": (XML, _sub('offset="0"', 'offset="-4"'), "not a number"),
  "hexadecimal offset": (XML, _sub('offset="0"', 'offset="0x0"'), "not a number"),
  "far offset": (XML, _sub('offset="0"', 'offset="200000000"'), "beyond the end"),
  "overlap": (XML, _sub(r'offset="(\d+)" size="512"', lambda m: f'offset="{int(m[1]) + 4}" size="512"'), "do not cover it exactly"),
  "no edge": (XML, _sub("<edge [^>]*/>", ""), "has no edge"),
  "two edges": (XML, _sub("(<edge [^>]*/>)", r"\1\1"), "has two edges"),
  "edge from nowhere": (XML, _sub('<edge from-layer="0"', '<edge from-layer="9999"'), "does not exist"),
  "edge to nowhere": (XML, _sub("</edges>", '<edge from-layer="0" from-port="0" to-layer="9999" to-port="0"/></edges>'), "does not exist"),
  "ports": (XML, _sub('port id="1"', 'port id="7"'), "not numbered in order"),
  "declared shape": (XML, _sub(r"<dim>32</dim><dim>32</dim>", "<dim>32</dim><dim>33</dim>"), "declared"),
  "memory": (
    XML,
    lambda text: re.sub(_WHAT_TILE_ASKS, r"\g<1>65536\2", text, count=1, flags=re.S),
    "do not follow from its inputs",
  ),
  "cut bin": (BIN, lambda data: data[:-4], "beyond the end"),
  "long bin": (BIN, lambda data: data + b"0000", "constants end at byte"),
  "empty bin": (BIN, lambda data: b"", "empty"),
  "nan": (BIN, lambda data: data[:-4] + np.float32(np.nan).tobytes(), "NaN or infinity"),
  "infinity": (BIN, lambda data: data[:-4] + np.float32(np.inf).tobytes(), "NaN or infinity"),
  "mapping cut": (MAPPING_BIN, lambda data: data[:-4], "beyond the end"),
  "mapping's operation": (MAPPING_XML, _sub('type="Power"', 'type="Sqrt"'), "the operation 'Sqrt'"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_broken_and_hostile_files_are_refused_in_one_line(folder, tmp_path, name):
  file, edit, words = BROKEN[name]
  path = folder / file
  if file.endswith(".xml"):
    path.write_text(edit(path.read_text(encoding="utf-8")), encoding="utf-8")
  else:
    path.write_bytes(edit(path.read_bytes()))
  with pytest.raises(NetworkFileError, match=words) as caught:
    convert_folder(folder, tmp_path / "out")
  assert "\n" not in str(caught.value)
  assert len(str(caught.value)) < 600
  assert not (tmp_path / "out").exists()


def _changed(weights, edit):
  changed = {**weights, "convs": [dict(c) for c in weights["convs"]]}
  edit(changed)
  return changed


def test_a_circle_is_refused(folder):
  path = folder / XML
  text = path.read_text(encoding="utf-8")
  last = max(map(int, re.findall(r'<layer id="(\d+)"', text))) - 1
  # The first addition gets the image as its first input.
  first = re.search(r'<layer id="(\d+)" name="Add_\d+"', text).group(1)
  text = re.sub(
    rf'<edge from-layer="\d+" from-port="\d+" to-layer="{first}" to-port="0"/>',
    f'<edge from-layer="{last}" from-port="2" to-layer="{first}" to-port="0"/>',
    text,
  )
  path.write_text(text, encoding="utf-8")
  with pytest.raises(NetworkFileError, match="in a circle"):
    _read(folder)


def test_exchanged_bins_are_refused(folder):
  one, two = (folder / MAPPING_BIN), (folder / BIN)
  first, second = one.read_bytes(), two.read_bytes()
  one.write_bytes(second), two.write_bytes(first)
  with pytest.raises(NetworkFileError, match=r"cover it exactly|constants end at|beyond the end"):
    _read(folder)


@pytest.mark.parametrize(
  ("what", "words"),
  [
    ("slope", "its constant is"),
    ("taps", "not those of the Haar transform"),
    ("idle", "nothing that the network draws depends on it"),
  ],
)
def test_another_network_of_the_same_operations_is_refused(
  weights, tmp_path, monkeypatch, what, words
):
  import tests.converters.ir_writer as writer

  if what == "taps":
    monkeypatch.setattr(writer, "_HALF", np.float32(0.5))
  elif what == "slope":
    monkeypatch.setattr(
      writer._Synthesis, "leaky", lambda s, x: s.ir.add("PReLU", (x, s.ir.const([0.3])), [x.shape])
    )
  else:
    spread = writer._Synthesis.haar

    def haar(self, x):
      self.leaky(x)  # Nobody uses it.
      return spread(self, x)

    monkeypatch.setattr(writer._Synthesis, "haar", haar)
  write_ir(weights, tmp_path / "ir")
  with pytest.raises(NetworkFileError, match=words):
    _read(tmp_path / "ir")


def test_networks_of_two_generators_are_refused(weights, tmp_path):
  write_ir(weights, tmp_path / "a")
  write_ir(random_weights(dlatent=7), tmp_path / "b")
  graphs = [
    read_ir(tmp_path / "a" / MAPPING_XML, tmp_path / "a" / MAPPING_BIN),
    read_ir(tmp_path / "b" / XML, tmp_path / "b" / BIN),
  ]
  with pytest.raises(PrivaiError, match="not of one generator"):
    convert_graphs(*graphs)


def test_a_missing_file_is_named(folder):
  (folder / BIN).unlink()
  with pytest.raises(InputError, match=r"SynthesisNetwork\.bin"):
    read_ir(folder / XML, folder / BIN)


def test_sizes_are_bounded_before_anything_is_read(folder, monkeypatch):
  monkeypatch.setattr("privai_tf.converters.openvino_ir.MAX_BIN_BYTES", 100)
  with pytest.raises(NetworkFileError, match="more than 100 bytes"):
    _read(folder)
