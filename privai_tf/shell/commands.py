"""The commands behind the front door, by the names that a user types."""

import ast
import importlib.util
from pathlib import Path
from types import MappingProxyType

# In the order of a first visit: the main job, what looks at it, what prepares it, what serves it.
COMMANDS = MappingProxyType(
  {
    "privatize": "privai_tf.commands.privatize",
    "invert": "privai_tf.commands.invert",
    "generate": "privai_tf.commands.generate",
    "edit": "privai_tf.commands.edit",
    "audit": "privai_tf.commands.audit",
    "evaluate": "privai_tf.commands.evaluate",
    "ledger": "privai_tf.commands.ledger",
    "convert": "privai_tf.converters.__main__",
    "score": "privai_tf.commands.score",
    "train-boundary": "privai_tf.commands.train_boundary",
    "train-classifier": "privai_tf.commands.train_classifier",
    "train-encoder": "privai_tf.commands.train_encoder",
    "public-codes": "privai_tf.commands.public_codes",
    "web": "privai_tf.web.__main__",
    "gateway": "privai_tf.commands.gateway",
    "export": "privai_tf.commands.export",
    "beam": "privai_tf.commands.beam_privatize",
    "doctor": "privai_tf.commands.doctor",
    "completion": "privai_tf.commands.completion",
  }
)


def summary(name: str) -> str:
  """What a command does, in one line: the first of its module's own words, which is not imported.

  Args:
    name: one of `COMMANDS`.
  """
  spec = importlib.util.find_spec(COMMANDS[name])
  source = Path(spec.origin).read_text(encoding="utf-8")
  return ast.get_docstring(ast.parse(source)).splitlines()[0]
