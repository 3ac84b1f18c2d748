"""What is measured of a latent space once, and kept."""

import numpy as np


def test_kept_figures_are_those_measured(tiny_checkpoint, tmp_path, monkeypatch):
  """The second process reads what the first one measured; damage is measured again."""
  from privai_tf.generators import load_generator
  from privai_tf.inversion import quality, statistics

  monkeypatch.setenv("PRIVAI_CACHE_DIR", str(tmp_path))
  first, second, third = (load_generator(tiny_checkpoint) for _ in range(3))
  measured = vars(statistics.latent_statistics(first, "W")) | {
    "variety": quality.variety(first, "W")
  }
  with monkeypatch.context() as patch:
    patch.setattr(statistics, "_measured", None)
    patch.setattr(quality, "_measured_variety", None)
    kept = vars(statistics.latent_statistics(second, "W")) | {
      "variety": quality.variety(second, "W")
    }
  for path in tmp_path.glob("*/*.npz"):
    path.write_bytes(b"")
  again = vars(statistics.latent_statistics(third, "W")) | {"variety": quality.variety(third, "W")}
  for name, value in measured.items():
    np.testing.assert_array_equal(kept[name], value)
    np.testing.assert_allclose(again[name], value, rtol=1e-3, atol=1e-5)
    assert type(kept[name]) is type(value)
