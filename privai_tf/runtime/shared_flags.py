"""Flags that several commands have: name, kind, default and bounds stand here, once.

A command asks for one at its top, with words of its own where it means something more special:

    _CHECKPOINT = shared_flag("checkpoint")
    _SEED = shared_flag("seed", "Of the splits.")

Imports nothing heavy. The flags of an inversion are made from its specification, see `inversion/flags.py`.
"""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from absl import flags

from privai_tf.runtime.precision import PRECISIONS

# Whoever asks for a flag is the one whose --help shows it.
flags.disclaim_key_flags()

_DEFINERS = MappingProxyType(
  {
    "bool": flags.DEFINE_bool,
    "enum": flags.DEFINE_enum,
    "float": flags.DEFINE_float,
    "integer": flags.DEFINE_integer,
    "list": flags.DEFINE_list,
    "multi_enum": flags.DEFINE_multi_enum,
    "string": flags.DEFINE_string,
  }
)


@dataclasses.dataclass(frozen=True)
class SharedFlag:
  """A flag before a command has it.

  Attributes:
    kind: of its value, as in `flags.DEFINE_kind`.
    default: where none is given; None: the command knows.
    words: of --help.
    values: of an enum, what it may be.
    lower_bound, upper_bound: of a number; None: any, or what takes it looks itself.
  """

  kind: str
  default: Any
  words: str
  values: tuple[str, ...] = ()
  lower_bound: float | None = None
  upper_bound: float | None = None

  def define(self, name: str) -> flags.FlagHolder[Any]:
    """Makes it a flag of the command that is being imported."""
    definer = _DEFINERS[self.kind]
    if self.kind.endswith("enum"):
      return definer(name, self.default, list(self.values), self.words)
    if self.kind in ("integer", "float"):
      return definer(name, self.default, self.words, self.lower_bound, self.upper_bound)
    return definer(name, self.default, self.words)


def shared_flag(name: str, words: str | None = None, **changed: Any) -> flags.FlagHolder[Any]:
  """Defines a flag for the command that calls this at module level.

  Args:
    name: one of `SHARED_FLAGS`.
    words: of --help; None: those that all commands have.
    **changed: fields of `SharedFlag` that this command needs otherwise, such as `default`.
  """
  if words is not None:
    changed["words"] = words
  return dataclasses.replace(SHARED_FLAGS[name], **changed).define(name)


SHARED_FLAGS: Mapping[str, SharedFlag] = MappingProxyType(
  {
    # What is read and what is written.
    "input": SharedFlag("string", None, "A picture, a folder or a glob of pictures."),
    "input_latents": SharedFlag("string", None, "A .npy of codes [n, d] or [n, L, d]."),
    "output": SharedFlag("string", None, "The file that is written."),
    "output_dir": SharedFlag("string", None, "The folder that is written."),
    # The network, and what is done with it.
    "checkpoint": SharedFlag(
      "string", "avatars", "A name in checkpoints/, a converted folder or an official .pkl file."
    ),
    "attribute": SharedFlag("list", None, "Attributes: boundaries' names or .npy files."),
    "conditions": SharedFlag("list", [], "Boundaries that shall stay as they are."),
    "latent_space": SharedFlag(
      "enum",
      None,
      "The space that codes live in; default: W where the checkpoint has it, else Z.",
      ("W", "W+", "Z"),
    ),
    "num": SharedFlag("integer", None, "How many.", lower_bound=1),
    "seed": SharedFlag("integer", 0, "Of all that is random.", lower_bound=0),
    "steps": SharedFlag("integer", None, "Steps of the search.", lower_bound=0),
    "batch_size": SharedFlag(
      "integer", None, "Pictures at a time; default: by the resolution.", lower_bound=1
    ),
    "learning_rate": SharedFlag("float", None, "Of Adam, at first."),
    "public_codes": SharedFlag(
      "integer",
      None,
      "Codes of generated pictures that the split of codes is fitted on, at least; made once and kept.",
      lower_bound=0,
    ),
    # How codes are drawn.
    "truncation_psi": SharedFlag(
      "float", None, "Of Z and W codes, 1: none; default: the checkpoint's."
    ),
    "truncation_cutoff": SharedFlag(
      "integer", None, "First layer that is not truncated; default: the checkpoint's."
    ),
    "labels": SharedFlag(
      "string", None, "A class for all codes, or a .npy [n, label_size]; only for such checkpoints."
    ),
    "noise": SharedFlag("enum", "fixed", "The noise inputs.", ("fixed", "random", "none")),
    "precision": SharedFlag(
      "enum",
      "auto",
      "Of what is multiplied: float32, bfloat16 (half the time where the machine multiplies it), or auto: "
      "bfloat16 there, float32 elsewhere; see docs/performance.md.",
      PRECISIONS,
    ),
    # What a release promises.
    "preset": SharedFlag(
      "enum",
      None,
      "Advised settings, by use; see docs/evidence.md.",
      ("attribute", "data-set", "likeness", "stand-in"),
    ),
    "mechanism": SharedFlag("string", None, "The privacy mechanism; see docs/privacy.md."),
    "scope": SharedFlag("enum", None, "What is covered.", ("attribute", "image", "metric")),
    "epsilon": SharedFlag("list", ["1"], "Epsilon, above 0."),
    "delta": SharedFlag("float", 0.0, "Delta, at least 0 and below 1; 0 for pure mechanisms."),
    "decode": SharedFlag(
      "enum", None, "What is published of a coordinate.", ("raw", "value", "mean", "sample")
    ),
    "loss": SharedFlag("enum", "l2", "The error that extremal makes least.", ("l1", "l2")),
    "clip_radius": SharedFlag("float", None, "Clip radius in latent units."),
    "wplus_mode": SharedFlag(
      "enum",
      "tied",
      "Whether W+ releases one coordinate for all layers or one a layer.",
      ("tied", "per_layer"),
    ),
    "components": SharedFlag(
      "integer", None, "Directions that scopes image and metric release.", lower_bound=1
    ),
    "codebook_size": SharedFlag(
      "integer", 1 << 17, "Made-up faces that subset_selection chooses among.", lower_bound=2
    ),
    "on_failure": SharedFlag(
      "enum", None, "What becomes of an input without a usable face.", ("stand-in", "skip")
    ),
    # What it costs, and who is charged.
    "ledger": SharedFlag("string", None, "The ledger's file, or postgresql://USER@HOST/DATABASE."),
    "create_ledger": SharedFlag(
      "bool", False, "Make the ledger if it is missing: else a mistyped path is refused."
    ),
    "subject_id": SharedFlag("string", None, "Whose budget it is."),
    "budget_epsilon": SharedFlag("float", None, "Epsilon of all releases together."),
    "budget_delta": SharedFlag("float", 0.0, "Delta of all releases together."),
    "composition": SharedFlag(
      "enum",
      "basic",
      "How releases add up; see docs/privacy.md.",
      ("basic", "adaptive", "planned"),
    ),
    # Servers.
    "host": SharedFlag("string", "127.0.0.1", "Where to listen; 0.0.0.0 for all interfaces."),
    "port": SharedFlag("integer", 8080, "The port; 0 takes a free one.", (), 0, 65535),
    "max_epsilon": SharedFlag("float", 8.0, "The largest epsilon of one release."),
    "max_upload_bytes": SharedFlag("integer", 20_000_000, "The longest body read."),
    "max_pixels": SharedFlag("integer", 25_000_000, "The most pixels of a picture."),
  }
)
