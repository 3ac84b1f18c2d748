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

import dataclasses
import json
import pathlib
from collections.abc import Sequence
from typing import Any

from absl import flags

from privai_tf.errors import ConfigurationError, OutputError
from privai_tf.runtime import command, command_help
from privai_tf.runtime.shared_flags import shared_flag

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
_STEPS = shared_flag("steps", "--rest: steps of the search; 0: the encoder's codes.", default=50)
_REST_CODES = flags.DEFINE_integer(
  "rest_codes",
  None,
  "--rest: the attacker's codes; default: 4096, 1024 with a search.",
  lower_bound=200,
)

_CONFIDENCE = 0.95
# That any right mechanism's frequencies are called wrong.
_COUNTING_FALSE_ALARM = 1e-6

flags.DEFINE_alias("output", "output_dir")
command_help.first("mechanism", "epsilon", "rest", "checkpoint", "attribute", "output_dir")


def main(_: list[str]) -> int:
  return _main_rest() if _REST.value else _main_epsilon()


def _main_epsilon() -> int:
  results = _audit_all(_claims())
  if _OUTPUT.value:
    _write_audits(pathlib.Path(_OUTPUT.value), results)
  print(_verdict(results))
  return 1 if any(row["violated"] or _miscounted(row) for row in results) else 0


def _main_rest() -> int:
  if _CHECKPOINT.value is None:
    raise ConfigurationError("--rest needs --checkpoint, for example --checkpoint=avatars")
  if len(_EPSILON.value) != 1:
    raise ConfigurationError("--rest is for one release: give one --epsilon")
  epsilon = _number(_EPSILON.value[0])
  from privai_tf.runtime.startup import start_tensorflow

  start_tensorflow()
  from privai_tf.toolkit import rest_audit

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
    _write(pathlib.Path(_OUTPUT.value), "rest.json", {"rest": [one.summary() for one in readings]})
  above = [reading.attribute for reading in released if not reading.holds]
  if above:
    print(f"ABOVE THE LIMIT: {', '.join(above)} (linear or logistic)")
  return 1 if above else 0


def _claims() -> list[tuple[str, float, float]]:
  """The (mechanism, epsilon, delta) asked for; `all` leaves out what is defined for no epsilon."""
  from privai_tf.privacy.mechanisms import mechanism_class, mechanism_names

  everything = _MECHANISM.value == ["all"]
  claims = []
  for name in mechanism_names() if everything else _MECHANISM.value:
    mechanism = mechanism_class(name)
    if everything and not mechanism.private:
      continue
    for text in _EPSILON.value:
      epsilon = _number(text)
      delta = 0.0 if mechanism.pure else _DELTA.value
      try:
        mechanism.check(epsilon, delta)
      except ConfigurationError:
        if everything:
          continue
        raise
      claims.append((name, epsilon, delta))
  return claims


def _number(text: str) -> float:
  try:
    return float(text)
  except ValueError as error:
    raise ConfigurationError(f"--epsilon={text}: must be a number such as 1.0") from error


def _audit_all(claims: list[tuple[str, float, float]]) -> list[dict[str, Any]]:
  """One audit for each claim and target, printed as they come."""
  from privai_tf.privacy.audit import audit, frequencies, prepare_audit

  generator, boundary = _checkpoint()
  results = []
  print(_row("mechanism", "output", "claim", "delta", "bound", "exact", "chi2 p", "gap", "event"))
  for name, epsilon, delta in claims:
    audited = prepare_audit(
      name,
      epsilon,
      delta,
      generator=generator,
      boundary=boundary,
      latent_space=_space(generator),
      scope=_SCOPE.value,
      components=_COMPONENTS.value,
    )
    counted = frequencies(
      audited, samples=_SAMPLES.value, false_alarm=_COUNTING_FALSE_ALARM / len(claims)
    )
    common = {
      "exact": _reachable(name, audited),
      "frequencies": None if counted is None else dataclasses.asdict(counted),
      "duality_gap": getattr(audited.mechanism, "duality_gap", None),
    }
    for target in _TARGET.value:
      result = audit(
        audited,
        samples=_SAMPLES.value,
        target=target,
        confidence=_CONFIDENCE,
        audits=len(claims) * len(_TARGET.value),
      )
      results.append({**dataclasses.asdict(result), **common})
      print(_result_row(results[-1]), flush=True)
  return results


def _reachable(name: str, audited: Any) -> float | None:
  """What tail events can show at most, where it is known."""
  from privai_tf.privacy.audit import reachable_epsilon
  from privai_tf.privacy.mechanisms import mechanism_class

  if not mechanism_class(name).private or _COMPONENTS.value != 1:
    return None
  return reachable_epsilon(name, audited.mechanism_epsilon, audited.mechanism.delta)


def _row(name: str, target: str, *columns: str) -> str:
  *figures, event = columns
  return f"{name:<20} {target:<11} {' '.join(f'{text:>7}' for text in figures)}  {event}"


def _result_row(row: dict[str, Any]) -> str:
  counted = row["frequencies"]
  return _row(
    row["mechanism"],
    row["target"],
    f"{row['claim']:.4g}",
    f"{row['delta']:.1g}",
    f"{row['lower_bound']:.4f}",
    _or_dash(row["exact"], ".4f"),
    _or_dash(counted and counted["p_value"], ".1g"),
    _or_dash(row["duality_gap"], ".0e"),
    row["event"] + "   CLAIM BROKEN" * row["violated"] + "   FREQUENCIES WRONG" * _miscounted(row),
  )


def _or_dash(value: float | None, form: str) -> str:
  return "-" if value is None else format(value, form)


def _miscounted(row: dict[str, Any]) -> bool:
  return row["frequencies"] is not None and row["frequencies"]["wrong"]


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
  from privai_tf.runtime.startup import start_tensorflow

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


def _verdict(results: list[dict[str, Any]]) -> str:
  """One line: what is wrong, and how likely a wrong alarm was."""
  counted = any(row["frequencies"] for row in results)
  family = f"{len(results)} audits; false alarm of all together at most {1 - _CONFIDENCE:.2g}" + (
    f", of the counted frequencies {_COUNTING_FALSE_ALARM:.0e}" * counted
  )
  problems = [
    f"{text}: {', '.join(sorted({row['mechanism'] for row in rows}))}"
    for text, rows in (
      ("CLAIM BROKEN", [row for row in results if row["violated"]]),
      ("FREQUENCIES WRONG", [row for row in results if _miscounted(row)]),
    )
    if rows
  ]
  if problems:
    return f"{'; '.join(problems)} ({family})"
  return f"no claim is broken ({family}); bounds at {_CONFIDENCE:.0%} each"


def _write_audits(folder: pathlib.Path, results: list[dict[str, Any]]) -> None:
  """audit.json for machines and audit.png for people."""
  _write(folder, "audit.json", {"audits": results})
  from privai_tf.privacy.audit.plot import draw_audits

  draw_audits(results, folder / "audit.png")


def _write(folder: pathlib.Path, name: str, content: dict[str, Any]) -> None:
  try:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(content, indent=1) + "\n")
  except OSError as error:
    raise OutputError(
      f"{folder}: cannot be written ({error.strerror}); name another --output folder"
    ) from error


if __name__ == "__main__":
  command.run(main)
