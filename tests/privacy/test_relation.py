"""Relations: which neighbours hold which, checked against the splits that they stand for."""

import dataclasses

import numpy as np
import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.relation import SPAN_TOLERANCE, Relation

WIDTH = 12


@pytest.fixture
def relation():
  """Makes an attribute relation of the first `k` of some fixed orthonormal directions."""
  basis = np.linalg.qr(np.random.default_rng(5).normal(size=(WIDTH, 4)))[0]

  def make(columns=(0,), form="linear", **fields):
    usual = {
      "scope": "attribute",
      "checkpoint": "c" * 64,
      "release_path": "p" * 64,
      "latent_space": "W",
      "attributes": tuple(f"a{column}" for column in columns),
      "span": basis[:, list(columns)],
      "split": f"{form}:{'5' * 64}",
      "rho": 1e-5,
      "inputs": "faces",
    }
    return Relation(**usual | fields)

  return make


def image(inputs="any"):
  return dataclasses.replace(Relation.unknown_image(), checkpoint="c" * 64, inputs=inputs)


def metric():
  return dataclasses.replace(Relation.unknown_image(), scope="metric")


def test_scope_image_covers_what_it_hides(relation):
  attribute, unknown = relation(), Relation.unknown_attribute()
  for earlier in (attribute, unknown, image(), image("faces"), Relation.unknown_image()):
    assert image().covers(earlier)
    assert not metric().covers(earlier)
    assert not earlier.covers(metric())
  assert not metric().covers(metric())
  assert image("faces").covers(attribute)
  assert image("faces").covers(unknown)
  assert image("faces").covers(image("faces"))
  assert not image("faces").covers(image("any"))


def test_attribute_covers_neither_image_nor_what_nobody_recorded(relation):
  unknown = Relation.unknown_attribute()
  assert not relation((0, 1, 2, 3)).covers(image("faces"))
  for one, other in ((relation(), unknown), (unknown, relation()), (unknown, unknown)):
    assert not one.covers(other)


def test_linear_spans_are_compared_by_angle(relation):
  both, smile, age = relation((0, 1)), relation((0,)), relation((1,))
  assert smile.covers(smile)
  assert both.covers(smile)
  assert both.covers(age)
  assert not smile.covers(both)
  assert not age.covers(smile)
  # Another basis of the same span, other names: the neighbours are the same.
  turn = np.array([[np.cos(0.7), -np.sin(0.7)], [np.sin(0.7), np.cos(0.7)]])
  turned = relation((0, 1), span=both.span @ turn, attributes=("x", "y"))
  assert turned.covers(both)
  assert both.covers(turned)


@pytest.mark.parametrize(("factor", "covered"), [(0.5, True), (2.0, False)])
@pytest.mark.parametrize("form", ["linear", "curve"])
def test_the_tolerance_of_spans(relation, form, factor, covered):
  smile = relation((0,), form)
  angle = factor * SPAN_TOLERANCE
  span = np.cos(angle) * smile.span + np.sin(angle) * relation((1,)).span
  assert relation((0,), form, span=span).covers(smile) == covered


def test_curves_need_the_same_order(relation):
  smile, age = relation((0,), "curve"), relation((1,), "curve")
  both, reverse = relation((0, 1), "curve"), relation((1, 0), "curve")
  assert both.covers(smile)
  assert reverse.covers(age)
  assert not both.covers(age)
  assert not both.covers(reverse)
  assert not relation((0,), "curve", span=-smile.span).covers(smile)
  assert not both.covers(relation((0,), "linear"))


@pytest.mark.parametrize(
  ("name", "value"),
  [
    ("checkpoint", "d" * 64),
    ("release_path", "another encoder"),
    ("latent_space", "Z"),
    ("split", "linear:another calibration"),
  ],
)
def test_codes_that_do_not_compare_are_not_covered(relation, name, value):
  assert not relation((0, 1), **{name: value}).covers(relation())
  assert not relation().covers(relation((0,), **{name: value}))


def test_rho_may_grow_and_not_shrink(relation):
  assert relation(rho=1e-3).covers(relation(rho=1e-5))
  assert not relation(rho=1e-5).covers(relation(rho=1e-3))


def test_linear_containment_is_what_makes_the_later_rest_blind(relation):
  """The proof's line (I - S2 Q2^T) S1 = 0, on a random covariance; for a span outside it fails."""
  factor = np.random.default_rng(7).normal(size=(WIDTH, WIDTH))
  covariance = factor @ factor.T

  def slope(q):
    return covariance @ q @ np.linalg.inv(q.T @ covariance @ q)

  both, smile, other = relation((0, 1)).span, relation((0,)).span, relation((2,)).span
  leak = (np.eye(WIDTH) - slope(both) @ both.T) @ slope(smile)
  assert np.abs(leak).max() < 1e-9
  leak = (np.eye(WIDTH) - slope(both) @ both.T) @ slope(other)
  assert np.abs(leak).max() > 1e-2


def test_sequential_curves_are_blind_in_their_order_only(relation):
  """Cubic curves, each on the rest of those before: codes along the first share the later rest."""
  q1, q2 = relation((0,)).span[:, 0], relation((1,)).span[:, 0]
  random = np.random.default_rng(11)
  bend = {key: 0.3 * random.normal(size=WIDTH) for key in ("1", "2|1", "2", "1|2")}

  def curve(q, key, a):
    along = bend[key] - q * (q @ bend[key])  # Q^T m(a) = a
    return q * a + along * a**3

  def rest(code, order):
    for q, key in order:
      code = code - curve(q, key, q @ code)
    return code

  code = random.normal(size=WIDTH)
  a = q1 @ code
  neighbour = code - curve(q1, "1", a) + curve(q1, "1", a + 1.0)
  first = [(q1, "1")]
  np.testing.assert_allclose(rest(neighbour, first), rest(code, first), atol=1e-12)
  forward, backward = [(q1, "1"), (q2, "2|1")], [(q2, "2"), (q1, "1|2")]
  np.testing.assert_allclose(rest(neighbour, forward), rest(code, forward), atol=1e-12)
  assert np.abs(rest(neighbour, backward) - rest(code, backward)).max() > 1e-2


def test_json_keeps_everything(relation):
  for one in (relation((0, 1)), image("faces"), Relation.unknown_attribute(), metric()):
    again = Relation.from_json(one.to_json())
    assert again == one
    assert hash(again) == hash(one)
    assert again.span.tobytes() == one.span.tobytes()
    assert (again.digest, again.summary()) == (one.digest, one.summary())
    assert "\n" not in one.describe()
  assert relation() != relation(rho=2e-5)
  summary = relation((0, 1)).summary()
  assert summary["directions"] == 2
  assert "span" not in summary


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"span":"?","span_shape":[1]}'])
def test_what_is_no_relation_is_refused(text):
  with pytest.raises(ConfigurationError, match="not a relation"):
    Relation.from_json(text)


@pytest.mark.parametrize(
  "fields",
  [
    {"scope": "face"},
    {"inputs": "photos"},
    {"latent_space": "X"},
    {"rho": -1.0},
    {"rho": float("nan")},
    {"span": np.ones((WIDTH, 1))},
    {"span": np.zeros((0, 0))},
    {"span": np.ones(1)},
    {"split": "spline:1"},
    {"split": ""},
    {"scope": "image"},
  ],
)
def test_contradictions_are_refused(relation, fields):
  with pytest.raises(ConfigurationError):
    relation(**fields)


def test_in_words(relation):
  """What refusals call a release."""
  assert image().describe() == "scope image (any two inputs)"
  assert image("faces").describe() == "scope image (faces)"
  assert Relation.unknown_attribute().describe() == "scope attribute, directions not recorded"
  one, two = relation(columns=(0,)), relation(columns=(0, 1))
  assert one.describe() == f"attribute a0 (W, 1 direction, checkpoint {'c' * 12})"
  assert two.describe() == f"attribute a0,a1 (W, 2 directions, checkpoint {'c' * 12})"


def test_nobody_changes_a_relation(relation):
  span = np.eye(WIDTH)[:, :1]
  made = relation(span=span)
  with pytest.raises(ValueError, match="read-only"):
    made.span[0, 0] = 2
  span[0, 0] = 0  # The caller's own array stays theirs.
  assert made.span[0, 0] == 1
  assert Relation.unknown_attribute().span.shape == (0, 0)
