"""Audits mechanisms through the release that users get: a lower bound on epsilon beside the claim.

    python -m privai_tf.audit --mechanism=laplace --epsilon=1 --samples=200000
    python -m privai_tf.audit --mechanism=all --epsilon=0.5,1,2,4 --output_dir=audit

`--output_dir=FOLDER` also gets `audit.json` and `audit.png`. With `--checkpoint` and `--attribute` the
release of that checkpoint is audited, otherwise the same code on a stand-in of 8 dimensions.

    python -m privai_tf.audit --rest --checkpoint=avatars --steps=0

measures what the rest of a released code, which no epsilon is about, still tells of the coordinate:
probes are trained on codes of generated pictures (see `privai_tf.privacy.audit.residual`), all
attributes unless some are named; `--output` gets `rest.json`. Exit code 1 if a claim does not hold,
if the outputs of a mechanism that has few are not as frequent as they should be ("chi2 p"), or if a
linear or logistic probe is above its limit. "gap" says how far extremal may be from the least error.
"""

import pathlib
from collections.abc import Sequence
from typing import Any

from absl import flags

from privai_tf.errors import ConfigurationError
from privai_tf.runtime import command, command_help
from privai_tf.runtime.shared_flags import shared_flag
from privai_tf.runtime.startup import start_tensorflow

_MECHANISM = shared_flag("mechanism", "Mechanisms, or all.", kind="list", default=["laplace"])
_EPSILON = shared_flag("epsilon", "Claimed epsilons.")
_DELTA = shared_flag("delta", "Claimed delta of the mechanisms that have one.", default=1e-5)
_SAMPLES = flags.DEFINE_integer("samples", 200_000, "Releases of each of the two neighbours.")
_TARGET = flags.DEFINE_list("target", ["coordinate", "latent"], "Outputs that are audited.")
_OUTPUT = shared_flag("output_dir", "Folder for audit.json and audit.png.")
_CHECKPOINT = shared_flag("checkpoint", "Checkpoint whose release is audited.", default=None)
_ATTRIBUTE = shared_flag("attribute", "The checkpoint's attribute; --rest: several.")
_SPACE = shared_flag(
  "latent_space", "Latent space of the release; default: W where the checkpoint has it, else Z."
)

_SCOPE = shared_flag("scope", "Scope; default: the mechanism's first.")
_COMPONENTS = shared_flag("components", default=1)

_REST = flags.DEFINE_bool("rest", False, "Measure what the rest tells of the attributes.")
_STEPS = shared_flag(
  "steps",
  "--rest: steps of the search; 0: the encoder's codes; default: as run_privatize.py releases photos.",
)
_REST_CODES = flags.DEFINE_integer(
  "rest_codes",
  None,
  "--rest: the attacker's codes; default: 4096, 1024 with a search.",
  lower_bound=200,
)

flags.DEFINE_alias("output", "output_dir")
command_help.first("mechanism", "epsilon", "rest", "checkpoint", "attribute", "output_dir")


def main(_: list[str]) -> int:
  return _main_rest() if _REST.value else _main_epsilon()


def _main_epsilon() -> int:
  from privai_tf.toolkit import audits

  claims = audits.claims(_MECHANISM.value, [_number(text) for text in _EPSILON.value], _DELTA.value)
  generator, boundary = _checkpoint()
  job = audits.AuditJob(
    claims=claims,
    samples=_SAMPLES.value,
    targets=tuple(_TARGET.value),
    latent_space=_space(generator),
    scope=_SCOPE.value,
    components=_COMPONENTS.value,
  )
  results = audits.audit_claims(job, generator, boundary, lambda line: print(line, flush=True))
  if _OUTPUT.value:
    audits.write_audits(pathlib.Path(_OUTPUT.value), results)
  print(audits.verdict(results))
  return 1 if audits.problems(results) else 0


def _main_rest() -> int:
  if _CHECKPOINT.value is None:
    raise ConfigurationError("--rest needs --checkpoint, for example --checkpoint=avatars")
  if len(_EPSILON.value) != 1:
    raise ConfigurationError("--rest is for one release: give one --epsilon")
  epsilon = _number(_EPSILON.value[0])
  start_tensorflow()
  from privai_tf.toolkit import audits, rest_audit

  generator, boundaries = _loaded(_ATTRIBUTE.value or rest_audit.ATTRIBUTES)
  job = rest_audit.RestJob(
    latent_space=_space(generator),
    steps=_STEPS.value,
    epsilon=epsilon,
    codes=_REST_CODES.value,
  )
  readings = rest_audit.audit_rest(job, generator, boundaries)
  print(rest_audit.table(readings))
  released = [reading for reading in readings if reading.rest == "released"]
  for reading in released:
    print(reading.sentence)
  if _OUTPUT.value:
    content = {"rest": [one.summary() for one in readings]}
    audits.write_report(pathlib.Path(_OUTPUT.value), "rest.json", content)
  above = [reading.attribute for reading in released if not reading.holds]
  if above:
    print(f"ABOVE THE LIMIT: {', '.join(above)} (linear or logistic)")
  return 1 if above else 0


def _number(text: str) -> float:
  try:
    return float(text)
  except ValueError as error:
    raise ConfigurationError(f"--epsilon={text}: must be a number such as 1.0") from error


def _space(generator: Any | None) -> str:
  """The space of the release; the stand-in has W."""
  from privai_tf.inversion.spec import InversionSpec

  spaces = ("W",) if generator is None else generator.latent_spaces
  return InversionSpec(latent_space=_SPACE.value).for_spaces(spaces).latent_space


def _checkpoint() -> tuple[Any, Any]:
  """The generator and boundary to audit; (None, None) for the stand-in."""
  if _CHECKPOINT.value is None:
    return None, None
  if _ATTRIBUTE.value is None or len(_ATTRIBUTE.value) != 1:
    raise ConfigurationError("--checkpoint needs --attribute, one, for example --attribute=smile")
  start_tensorflow()
  generator, (boundary,) = _loaded(_ATTRIBUTE.value)
  return generator, boundary


def _loaded(attributes: Sequence[str]) -> tuple[Any, list[Any]]:
  """The generator and the boundaries of its attributes, shipped ones or `.npy` files."""
  import privai_tf
  from privai_tf.attributes.sources import load_boundaries

  generator = privai_tf.load_generator(_CHECKPOINT.value)
  boundaries = load_boundaries(attributes, _CHECKPOINT.value, _space(generator))
  for boundary in boundaries:
    boundary.require_generator(generator.fingerprint)
  return generator, boundaries


if __name__ == "__main__":
  command.run(main)
