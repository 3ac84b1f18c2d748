#!/usr/bin/env bash
# Found 2026-11-28, tensorflow 2.21.0, Python 3.11, on a CPU.
#
# tf.ensure_shape in a branch of tf.cond that is not taken changes what the rest of a tf.function
# computes, in silence: the shape is taken for the argument's own everywhere in the function.
#   - q[:4] of five rows gives five rows: the slice is taken for one that does nothing.
#   - tf.shape(q), outside of the conditional, says [4, 3] of a tensor of [5, 3].
#   - Guarded by the very question whether the shape is that one, tf.cond takes the wrong branch: the
#     comparison is folded to True before anything runs, and ensure_shape raises.
# Eager calls are right, and so is set_shape on an identity in place of ensure_shape, or the option
# constant_folding off; the other passes of the graph optimizer make no difference.
# Guess before: an assertion holds where it is executed, so that a branch that is not taken asserts
# nothing; at worst the static shape of its own output is wrong.
# Met where photos that have the right size already were to skip the scaling.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow==2.21.0
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" - <<'PYTHON' 2>"$folder/noise" || { cat "$folder/noise" >&2; exit 1; }
import tensorflow as tf

ROWS = [tf.TensorSpec([None, None], tf.float32)]
five = tf.ones([5, 3])


def first_four(q):
  """The pred is False for `five`, so that the answer is the four rows of the second branch."""
  return tf.cond(q[0, 0] < 0, lambda: tf.ensure_shape(q, [4, 3]), lambda: q[:4])


def shape_outside(q):
  return first_four(q), tf.shape(q)  # An answer that nobody takes is not computed, and does no harm.


def guarded(q):
  right = tf.equal(tf.shape(q)[0], 4)
  return tf.cond(right, lambda: tf.ensure_shape(q, [4, 3]), lambda: tf.zeros([4, 3]))


def hinted(q):
  def hint():
    same = tf.identity(q)
    same.set_shape([4, 3])
    return same

  return tf.cond(q[0, 0] < 0, hint, lambda: q[:4])


def graph(function):
  return tf.function(function, input_signature=ROWS, autograph=False)


found = {
  "q[:4] of five rows, eager": str(first_four(five).shape),
  "q[:4] of five rows, graph": str(graph(first_four)(five).shape),
  "tf.shape(q) outside, graph": str(graph(shape_outside)(five)[1].numpy().tolist()),
  "guarded by the shape, eager": str(guarded(five).shape),
  "with set_shape instead, graph": str(graph(hinted)(five).shape),
}
try:
  found["guarded by the shape, graph"] = str(graph(guarded)(five).shape)
except tf.errors.InvalidArgumentError as error:
  assert "expected shape [4,3]" in str(error), error
  found["guarded by the shape, graph"] = "ensure_shape raises"
tf.config.optimizer.set_experimental_options({"constant_folding": False})
found["q[:4] of five rows, graph, no constant folding"] = str(graph(first_four)(five).shape)
for what, answer in found.items():
  print(f"{what:<48}{answer}")
assert found == {
  "q[:4] of five rows, eager": "(4, 3)",
  "q[:4] of five rows, graph": "(5, 3)",
  "tf.shape(q) outside, graph": "[4, 3]",
  "guarded by the shape, eager": "(4, 3)",
  "with set_shape instead, graph": "(4, 3)",
  "guarded by the shape, graph": "ensure_shape raises",
  "q[:4] of five rows, graph, no constant folding": "(4, 3)",
}, "the behaviour has changed"
print("As found.")
PYTHON
