"""The photo demo's parts on a small generator: photos, labels by seeds, what is fetched."""

import json

import numpy as np
import pytest
from PIL import Image

from privai_tf.demo import photo_faces, photo_labels
from privai_tf.demo.photo_labels import CHUNK, PSI, Previews, chunk_codes, read_labels
from privai_tf.errors import InputError
from privai_tf.inversion.encoder import load_encoder


def test_photos_are_drawn_once(mobile, tmp_path):
  paths = photo_faces.draw_photos(mobile, tmp_path, 2, seed=3)
  pictures = [np.asarray(Image.open(path)) for path in paths]
  assert [p.shape for p in pictures] == [(32, 32, 3)] * 2
  assert (pictures[0] != pictures[1]).any()
  paths[0].write_bytes(b"kept")
  assert photo_faces.draw_photos(mobile, tmp_path, 2, seed=3) == paths
  assert paths[0].read_bytes() == b"kept"


def test_what_is_shipped_is_put_beside_the_checkpoint(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  monkeypatch.setattr(
    "privai_tf.converters.package.download_mobilestylegan", lambda folder: tmp_path / "c"
  )
  (tmp_path / "c").mkdir()
  assert photo_faces.fetch_generator() == tmp_path / "c"
  shipped = tmp_path / "boundaries" / "mobilestylegan-ffhq"
  for name in ("public_codes", "encoder"):
    (shipped / name).mkdir(parents=True)
    (shipped / name / "file").write_bytes(b"shipped")
  photo_faces.fetch_generator()
  for name in ("public_codes", "encoder"):
    assert (tmp_path / "c" / name / "file").read_bytes() == b"shipped"
  (tmp_path / "c" / "encoder" / "file").write_bytes(b"the user's own")
  photo_faces.fetch_generator()
  assert (tmp_path / "c" / "encoder" / "file").read_bytes() == b"the user's own"


def test_a_chunk_s_codes_follow_from_its_seed(mobile):
  z, w = chunk_codes(mobile, 5)
  np.testing.assert_array_equal(z, mobile.sample_z(CHUNK, 5))
  mean = mobile.mean_latent("W")
  np.testing.assert_allclose(w - mean, PSI * (mobile.map(z) - mean), atol=1e-5)


def test_previews_are_the_pictures_of_the_wanted_codes(mobile, monkeypatch):
  monkeypatch.setattr(photo_labels, "_SIDE", 8)
  source = Previews(mobile, 5)
  wanted = np.zeros(CHUNK, bool)
  wanted[[3, 400]] = True
  pixels = dict(source.pixels(wanted))
  assert list(pixels) == [3, 400]
  codes = chunk_codes(mobile, 5)[1][[3, 400]]
  images = mobile.synthesize(codes, latent_space="W").reshape(2, 8, 4, 8, 4, 3).mean(axis=(2, 4))
  expected = np.clip(np.rint(images * 127.5 + 127.5), 0, 255)
  for found, image in zip(pixels.values(), expected, strict=True):
    assert np.abs(found - image).max() <= 1


def test_labels_of_whole_and_of_broken_off_chunks(tmp_path):
  whole, part = tmp_path / "7", tmp_path / "8"
  whole.mkdir(), part.mkdir(), (tmp_path / "9").mkdir()
  (tmp_path / "log").write_text("")
  for column, name in enumerate(("age", "smile")):
    np.save(whole / f"{name}.npy", np.full((4, 1), column, np.float32))
  unfinished = np.full((4, 2), np.nan, np.float32)
  unfinished[[0, 2]] = [[2, 3], [4, 5]]
  np.save(part / ".abc.scores.npy", unfinished)
  rows, scores = read_labels(tmp_path, ["age", "smile"])
  assert {seed: found.tolist() for seed, found in rows.items()} == {7: [0, 1, 2, 3], 8: [0, 2]}
  assert scores["age"].tolist() == [0, 0, 0, 0, 2, 4]
  assert scores["smile"].tolist() == [1, 1, 1, 1, 3, 5]
  with pytest.raises(InputError, match="no scores"):
    read_labels(tmp_path / "9", ["age"])


def test_shipped_codes_are_those_of_the_shipped_encoder_and_generator(repository):
  shipped = repository / "boundaries" / "mobilestylegan-ffhq"
  encoder = load_encoder(shipped / "encoder")
  record = json.loads((shipped / "smile_w_boundary.json").read_text())
  assert record["provenance"]["checkpoint_sha256"] == encoder.generator_fingerprint
  (path,) = (shipped / "public_codes").iterdir()
  with np.load(path, allow_pickle=False) as arrays:
    key = json.loads(str(arrays["key"]))
    assert len(arrays["codes"]) >= 256
  assert key == {
    "generator": encoder.generator_fingerprint,
    "latent_space": "W",
    "init": "encoder",
    "encoder": encoder.digest,
    "steps": 0,
  }
