"""The commands behind the front door, by the names that a user types."""

import ast
import importlib.util
from pathlib import Path
from types import MappingProxyType

# In the order of a first visit: the main job, what looks at it, what prepares it, what serves it.
COMMANDS = MappingProxyType(
  {
    "privatize": "run_privatize",
    "invert": "privai_tf.invert",
    "generate": "privai_tf.generate",
    "edit": "privai_tf.edit",
    "audit": "privai_tf.audit",
    "evaluate": "privai_tf.evaluate",
    "ledger": "privai_tf.ledger",
    "convert": "converters.__main__",
    "score": "privai_tf.score",
    "train-boundary": "privai_tf.train_boundary",
    "train-classifier": "privai_tf.train_classifier",
    "train-encoder": "privai_tf.train_encoder",
    "public-codes": "privai_tf.public_codes",
    "web": "privai_tf.web.__main__",
    "gateway": "privai_tf.gateway",
    "export": "privai_tf.export",
    "beam": "privai_tf.beam_privatize",
    "doctor": "privai_tf.shell.doctor",
    "completion": "privai_tf.shell.completion",
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
