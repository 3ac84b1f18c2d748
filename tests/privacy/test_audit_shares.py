"""Two neighbours' releases fall where they should, as often as they should."""

import numpy as np
import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.audit import neighbour_shares, plot_shares, prepare_audit

SAMPLES = 5_000
# That one of all bars of all cases together, 6 x 128, is so far off by chance: below 1e-7
# (Bernstein's inequality, with the bar's own variance).
DEVIATIONS, LEAST = 7.0, 25.0


# Of each way in which probabilities are known: listed ones, and tails.
MECHANISMS = (
  "extremal",
  "randomized_response",
  "subset_selection",
  "laplace",
  "l2_laplace",
  "gaussian",
)


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_bars_are_as_high_as_the_theory(mechanism):
  delta = 1e-5 if mechanism == "gaussian" else 0.0
  audited = prepare_audit(mechanism, 1.0, delta)
  shares = neighbour_shares(audited, samples=SAMPLES)
  assert shares.counted.shape == shares.exact.shape == (2, len(shares.edges) - 1)
  for rows in (shares.counted, shares.exact):
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-9)
    assert (rows >= 0).all()
  off = np.abs(shares.counted - shares.exact) * SAMPLES
  assert (off <= DEVIATIONS * np.sqrt(SAMPLES * shares.exact) + LEAST).all()
  assert np.abs(shares.exact[0] - shares.exact[1]).max() > 0.01  # Two neighbours, not one twice.
  if not delta:
    both = (shares.exact > 0).all(axis=0)
    ratios = np.abs(np.log(shares.exact[0, both] / shares.exact[1, both]))
    assert ratios.max() <= shares.epsilon + 1e-9
    assert (shares.exact > 0)[:, ~both].sum() == 0


def test_a_wrong_theory_is_seen(monkeypatch):
  from privai_tf.privacy.audit import shares as module

  right = module.survival
  monkeypatch.setattr(module, "survival", lambda name, epsilon, delta: right(name, 2 * epsilon))
  shares = neighbour_shares(prepare_audit("laplace", 1.0), samples=SAMPLES)
  off = np.abs(shares.counted - shares.exact) * SAMPLES
  assert (off > DEVIATIONS * np.sqrt(SAMPLES * shares.exact) + LEAST).any()


def test_what_is_not_known_is_refused():
  with pytest.raises(ConfigurationError, match="metric_laplace"):
    neighbour_shares(prepare_audit("metric_laplace", 1.0))


def test_the_plot_shows_both(tmp_path):
  figure = plot_shares(neighbour_shares(prepare_audit("extremal", 1.0), samples=1000), "smile")
  (axes,) = figure.axes
  assert axes.get_xlabel() == "smile"
  assert [text.get_text() for text in axes.get_legend().get_texts()] == [
    "upper neighbour, drawn",
    "upper neighbour, theory",
    "lower neighbour, drawn",
    "lower neighbour, theory",
  ]
  figure.savefig(tmp_path / "shares.png")
