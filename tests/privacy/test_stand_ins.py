"""Releases by `subset_selection`: what is published is the generator's own, and resembles as it can."""

from fractions import Fraction

import numpy as np
import pytest

from privai_tf.privacy import PrivacySpec, prepare, privatize
from privai_tf.privacy import subset_choice as choosing
from privai_tf.privacy.accounting import attacker_bound, joint_bound
from privai_tf.privacy.codebook import Codebook
from privai_tf.privacy.mechanisms.subset_selection import subset_weights
from privai_tf.privacy.subset_choice import Candidates, best_choice


def _spec(**fields):
  return PrivacySpec("subset_selection", "image", **{"codebook_size": 2000, **fields})


def _cosines(first, second):
  lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
  return (first * second).sum(axis=1) / lengths


@pytest.mark.parametrize("space", ["Z", "W", "W+"])
@pytest.mark.parametrize("epsilon", [0.5, 12.0])
def test_what_is_published_is_a_codeword_exactly(generator, make_latents, space, epsilon):
  spec = _spec(epsilon=epsilon, codebook_size=600, subset_size=5)
  released = privatize(
    make_latents(generator, space, 40), generator, None, spec, latent_space=space
  ).latents
  codes = np.concatenate(list(Codebook(generator, space, 600, 0).blocks()))
  if space == "W+":
    assert (released == released[:, :1]).all()
    released = released[:, 0]
  distances = np.abs(released[:, np.newaxis] - codes).max(axis=-1).min(axis=1)
  assert distances.max() < 1e-6


def test_pggan_has_stand_ins_too(make_pggan, make_latents):
  generator = make_pggan(16, 4)
  release = privatize(make_latents(generator, "Z"), generator, None, _spec(), latent_space="Z")
  assert release.latents.shape == (3, 16)


def test_a_huge_epsilon_publishes_the_codeword_that_resembles_most(generator, make_latents):
  latents = make_latents(generator, "W", 8)
  prepared = prepare(generator, None, _spec(epsilon=60.0, subset_size=1), "W")
  released = prepared.release(prepared.encode(latents))
  numbers, _ = prepared.layout.parts(latents)
  layout = prepared.layout
  table = layout.codebook.numbers(layout.mean, layout.axes).astype(np.float64)
  units = table / np.linalg.norm(table, axis=1, keepdims=True)
  best = units[(numbers @ units.T).argmax(axis=1)]
  got, _ = layout.parts(released.astype(np.float64))
  # Ties within 2^-13 go by index.
  assert (_cosines(numbers, got) >= _cosines(numbers, best) - 2**-12).all()


def test_the_output_depends_on_the_input_through_its_numbers_only(
  generator, make_latents, pinned_source
):
  prepared = prepare(generator, None, _spec(epsilon=3.0, components=4), "W+")
  latents = make_latents(generator, "W+", 5)
  layout = prepared.layout
  others = np.random.default_rng(1).normal(size=latents.shape)
  # Other layers with the same mean, and other codes outside the directions that are compared.
  moved = latents + others - others.mean(axis=1, keepdims=True)
  outside = others.mean(axis=1, keepdims=True)
  moved = moved + outside - outside @ layout.axes @ layout.spread
  first, second = (
    prepared.release(prepared.encode(codes), pinned_source(3)) for codes in (latents, moved)
  )
  np.testing.assert_array_equal(first, second)


def test_an_input_without_a_face_is_released_like_any_other(generator, pinned_source):
  prepared = prepare(generator, None, _spec(), "W")
  mean = np.asarray(generator.mean_latent("W"))[np.newaxis]
  assert np.isfinite(prepared.release(prepared.encode(mean), pinned_source(1))).all()


@pytest.mark.parametrize("epsilon", [1.0, 4.0, 7.0])
def test_the_best_subset_size_is_the_best_of_all(epsilon):
  """Against sums over all probabilities, for every K."""
  random = np.random.default_rng(0)
  numbers = random.normal(size=(200, 3)).astype(np.float32)
  samples = random.normal(size=(8, 3))
  candidates = Candidates(numbers, samples, np.ones(3))
  best, expected = candidates.best_size([0, 1, 2], epsilon)
  cosines = np.sort(candidates.neighbours([0, 1, 2]).cosines(samples).astype(float))[:, ::-1]
  inside, outside = subset_weights(epsilon)
  values = []
  for size in range(1, 200):
    weights = np.where(np.arange(200) < size, inside, outside) / (
      size * inside + (200 - size) * outside
    )
    values.append((cosines @ weights).mean())
  assert best == 1 + int(np.argmax(values))
  assert expected == pytest.approx(max(values), rel=1e-5)


def test_resemblance_grows_with_epsilon_as_foretold(generator):
  """The mean of 4,000 releases is within 6 standard errors, which fails by chance below 1e-6."""
  test = np.concatenate(list(Codebook(generator, "W", 200, 77, 9).blocks()))
  means = []
  for epsilon in (1.0, 4.0):
    prepared = prepare(generator, None, _spec(epsilon=epsilon), "W")
    layout = prepared.layout
    released = prepared.release(prepared.encode(np.repeat(test, 20, axis=0)))
    cosines = _cosines(layout.parts(np.repeat(test, 20, axis=0))[0], layout.parts(released)[0])
    table = layout.codebook.numbers(layout.mean, layout.axes)
    candidates = Candidates(table, layout.parts(test)[0], np.ones(layout.numbers))
    size = prepared.mechanism.subset_size
    inside, outside = subset_weights(epsilon)
    sums = candidates._profile(tuple(range(layout.numbers)))
    weight = size * inside + (2000 - size) * outside
    foretold = (inside * sums[size - 1] + outside * (sums[-1] - sums[size - 1])) / weight
    assert abs(cosines.mean() - foretold) < 6 * cosines.std() / np.sqrt(len(cosines))
    means.append(cosines.mean())
  assert means[1] > means[0] + 0.1


def _candidates(width, count=64):
  random = np.random.default_rng(0)
  numbers = random.normal(size=(count, width)).astype(np.float32)
  return Candidates(numbers, random.normal(size=(16, width)), np.ones(width))


def test_directions_are_split_where_faces_are_too_few():
  whole = best_choice(_candidates(12), 1.0)
  assert (len(whole.groups), whole.mechanisms[0].epsilon) == (1, 1.0)
  split = best_choice(_candidates(12), 30.0)
  assert len(split.groups) > 1
  assert [position for group in split.groups for position in group] == list(range(12))
  assert sum(Fraction(mechanism.epsilon) for mechanism in split.mechanisms) <= 30
  fixed = best_choice(_candidates(12), 30.0, subset_size=1)
  assert len(fixed.groups) == 1
  # What was foretold of it is what it reaches: the best of all that were looked at.
  assert split.resemblance > fixed.resemblance


def test_heavy_directions_may_get_more_of_epsilon(monkeypatch):
  candidates = _candidates(4)
  candidates.weights[:2] = 9
  monkeypatch.setattr(choosing, "_MOST_GROUPS", 2)
  shares = {
    tuple(mechanism.epsilon for mechanism in split.mechanisms)
    for split in choosing._splits(candidates, 20.0, 2)
  }
  assert shares == {(10.0, 10.0), (18.0, 2.0)}


def test_a_split_face_has_each_groups_numbers_from_its_codeword(
  generator, make_latents, pinned_source
):
  prepared = prepare(generator, None, _spec(epsilon=40.0, codebook_size=50), "W")
  layout = prepared.layout
  assert len(prepared.blocks) == len(layout.groups) > 1
  encoded = prepared.encode(make_latents(generator, "W", 6))
  indices = prepared.release_coordinates(encoded.coordinates, pinned_source(2)) >> 16
  released = prepared.release(encoded, pinned_source(2))
  table = layout.codebook.numbers(layout.mean, layout.axes)
  got, _ = layout.parts(released.astype(np.float64))
  for group in layout.groups:
    assert (indices[:, group] == indices[:, group[:1]]).all()
    np.testing.assert_allclose(got[:, group], table[indices[:, group[0]]][:, group], atol=1e-4)
  assert f"put together from {len(layout.groups)} faces" in prepared.guarantee.statement
  claims = sum(Fraction(block.mechanism.epsilon) for block in prepared.blocks)
  assert claims <= 40


def test_weights_make_stand_ins_keep_an_attribute(generator, make_latents, boundaries):
  """4,000 releases of each: correlations of 0.2 and 0.6 are told apart with certainty."""
  boundary = boundaries["W", 1]
  codes = np.concatenate(list(Codebook(generator, "W", 4000, 77, 9).blocks()))
  kept = []
  for weights in ((), (("a1", 30.0),)):
    spec = _spec(epsilon=4.0, resemble=weights)
    prepared = prepare(generator, [boundary], spec, "W")
    released = prepared.release(prepared.encode(codes))
    pair = boundary.coordinate(codes), boundary.coordinate(released)
    kept.append(np.corrcoef(*pair)[0, 1])
  assert kept[1] > kept[0] + 0.2


def test_other_epsilons_make_no_new_codebook(generator, monkeypatch):
  prepare(generator, None, _spec(epsilon=1.0), "W")
  monkeypatch.setattr(Codebook, "numbers", lambda *_: pytest.fail("made again"))
  assert prepare(generator, None, _spec(epsilon=1.5), "W").mechanism.epsilon == 1.5


def test_a_simulation_chooses_among_the_same_faces(generator, make_latents):
  pytest.importorskip("tensorflow")
  spec = _spec(epsilon=3.0, codebook_size=64, noise_seed=4)
  prepared = prepare(generator, None, spec, "W+")
  encoded = prepared.encode(make_latents(generator, "W+", 4))
  released = prepared.release(encoded, simulation_stream=["a", "b", "c", "d"])
  again = prepared.release(encoded, simulation_stream=["a", "b", "c", "d"])
  np.testing.assert_array_equal(released, again)
  codes = np.concatenate(list(prepared.layout.codebook.blocks()))
  assert np.abs(released[:, :1] - codes).max(axis=-1).min(axis=1).max() < 1e-6
  assert "NOT PRIVATE" in prepared.guarantee.statement


def test_the_statement_has_the_exact_bound(generator):
  prepared = prepare(generator, None, _spec(epsilon=2.0), "W")
  exact = (1 + prepared.mechanism.total_variation) / 2
  assert prepared.attacker_bound == pytest.approx(exact, abs=1e-15)
  assert exact < np.e**2 / (1 + np.e**2)
  assert f"at most {np.ceil(exact * 1000) / 10:.1f}% of the time" in prepared.guarantee.statement


def test_the_bound_of_several_groups_is_exact_and_below_that_of_epsilon(generator):
  prepared = prepare(generator, None, _spec(epsilon=14.0, codebook_size=64), "W")
  assert len(prepared.blocks) > 1
  variations = [block.mechanism.total_variation for block in prepared.blocks]
  # Both groups together tell more than the better one, and less than if no two overlaps coincided.
  assert (1 + max(variations)) / 2 < prepared.attacker_bound
  assert prepared.attacker_bound < joint_bound(variations, 14.0) <= attacker_bound(14.0)
