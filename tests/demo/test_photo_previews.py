"""Previews are drawn once, read with their codes, and join the sketches that the encoder learns from."""

import numpy as np
import pytest

from privai_tf.demo import photo_previews, photo_samples
from privai_tf.demo.photo_sketches import sketch_codes
from privai_tf.errors import InputError
from privai_tf.inversion.encoder_drawn import DrawnSamples

FIRST = photo_previews.FIRST_SEED


@pytest.fixture
def small(monkeypatch):
  monkeypatch.setattr(photo_previews, "CHUNK", 2)
  monkeypatch.setattr(photo_previews, "SIDE", 16)


@pytest.mark.usefixtures("small")
def test_previews_are_drawn_once_and_read_with_their_codes(mobile, tmp_path):
  with pytest.raises(InputError, match="no previews"):
    photo_previews.read_previews(mobile, tmp_path)
  photo_previews.draw_previews(mobile, tmp_path, 3)
  kept = tmp_path / f"previews_{FIRST + 1}.npy"
  np.save(kept, np.zeros_like(np.load(kept)))
  photo_previews.draw_previews(mobile, tmp_path, 4)
  codes, pictures = photo_previews.read_previews(mobile, tmp_path)
  np.testing.assert_array_equal(codes[2:], sketch_codes(mobile, 2, FIRST + 1))
  assert pictures.shape == (4, 16, 16, 3)
  assert pictures[:2].std() > 0
  assert not pictures[2:].any()  # The file that was there.
  assert len(photo_previews.read_previews(mobile, tmp_path, 1)[0]) == 2


@pytest.mark.usefixtures("small")
def test_previews_count_as_much_as_sketches_and_the_last_are_held_out(
  mobile, tmp_path, monkeypatch
):
  monkeypatch.setattr(photo_samples, "_HELD_OUT", 2)
  width = mobile.config.dlatent_size
  sketches = DrawnSamples(
    np.zeros((10, width), np.float32), np.zeros((10, 8, 8, 3), np.uint8), {"sketches": 7}
  )
  for chunk in range(2):
    shade = np.full((2, 16, 16, 3), 100 + chunk, np.uint8)
    np.save(tmp_path / f"previews_{FIRST + chunk}.npy", shade)
  joined = photo_samples.with_previews(sketches, mobile, tmp_path, 3, None)
  joined.check(mobile, "W")
  shades = joined.pictures[:, 0, 0, 0].tolist()
  # Seven sketches; two previews four times, as many as sketches or one more; held out: three and two.
  assert shades == [0] * 7 + [100] * 8 + [0] * 3 + [101] * 2
  assert joined.held_out == 5
  np.testing.assert_array_equal(joined.unseen()[0][-2:], sketch_codes(mobile, 2, FIRST + 1))
  assert joined.record == {"sketches": 7, "previews": 2, "held_out_previews": 5}
