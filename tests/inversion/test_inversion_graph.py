"""The inversion's loop stays on its device: nothing in it calls back into Python or the host."""

import numpy as np
import pytest

# Operations that leave the device, or the graph, in each step: Python callbacks, prints, feeds,
# transfers between host and device.
_HOST = ("PyFunc", "Print", "StringFormat", "Send", "Recv", "Feed", "HostCast", "NumpyFunction")


def _functions(graph):
  return {function.signature.name: function for function in graph.as_graph_def().library.function}


def _reached(name, functions, seen):
  """Names of all operations that a function of the graph leads to."""
  if name in seen or name not in functions:
    return
  seen.add(name)
  for node in functions[name].node_def:
    yield node.op
    for attribute in node.attr.values():
      inner = [attribute.func.name] if attribute.func.name else []
      for called in [*inner, *(function.name for function in attribute.list.func)]:
        yield from _reached(called, functions, seen)


def _loop_operations(concrete):
  functions = _functions(concrete.graph)
  nodes = [
    *concrete.graph.as_graph_def().node,
    *(node for function in functions.values() for node in function.node_def),
  ]
  operations = set()
  for node in nodes:
    if node.op in ("While", "StatelessWhile"):
      for part in ("body", "cond"):
        operations |= set(_reached(node.attr[part].func.name, functions, set()))
  return operations


@pytest.mark.parametrize("latent_space", ["W", "W+"])
def test_the_loop_has_no_round_trip_to_the_host(tiny_checkpoint, latent_space):
  import tensorflow as tf

  from privai_tf.generators import load_generator
  from privai_tf.inversion.search import Search
  from privai_tf.inversion.spec import InversionSpec

  generator = load_generator(tiny_checkpoint)
  search = Search(generator, InversionSpec(latent_space=latent_space, steps=3), batch_size=2)
  images = tf.zeros((2, generator.resolution, generator.resolution, 3))
  goals = search._prepare(images)
  state = search._plateau.start([tf.convert_to_tensor(v.value) for v in search._variables])
  concrete = search._advance.get_concrete_function(goals, tf.ones(2), tf.constant(3), state)
  operations = _loop_operations(concrete)
  assert "Conv2D" in operations  # It is the right loop.
  assert any(
    ("Resource" in name and "Apply" in name) or "AssignVariableOp" in name for name in operations
  )
  found = {name for name in operations if any(word in name for word in _HOST)}
  assert not found


def test_a_round_trip_would_be_found():
  import tensorflow as tf

  @tf.function
  def loop(count):
    def step(index, value):
      return index + 1, tf.ensure_shape(tf.numpy_function(np.sin, [value], tf.float64), ())

    return tf.while_loop(
      lambda index, _: index < count, step, [tf.constant(0), tf.constant(1.0, tf.float64)]
    )

  operations = _loop_operations(loop.get_concrete_function(tf.constant(3)))
  assert any(any(word in name for word in _HOST) for name in operations)
