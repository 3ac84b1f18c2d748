"""Audits of mechanisms, one after another: the table as it grows, the verdict, and the files."""

import dataclasses
import json
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

from privai_tf.errors import ConfigurationError, OutputError

_CONFIDENCE = 0.95
# That any right mechanism's frequencies are called wrong.
_COUNTING_FALSE_ALARM = 1e-6

Claim = tuple[str, float, float]


@dataclasses.dataclass(frozen=True)
class AuditJob:
  """What to audit.

  Attributes:
    claims: of each audit the mechanism, its claimed epsilon and delta; see `claims`.
    samples: releases of each of the two neighbours.
    targets: outputs that are looked at, "coordinate" or "latent".
    latent_space: "W", "W+" or "Z", in which the release is.
    scope: "attribute", "image" or "metric"; None: the mechanism's first.
    components: directions that scopes image and metric release.
  """

  claims: tuple[Claim, ...]
  samples: int = 200_000
  targets: tuple[str, ...] = ("coordinate", "latent")
  latent_space: str = "W"
  scope: str | None = None
  components: int = 1


def claims(names: Sequence[str], epsilons: Sequence[float], delta: float) -> tuple[Claim, ...]:
  """Every mechanism at every epsilon.

  Args:
    names: of mechanisms; "all" alone stands for those that are defined for an epsilon of these.
    epsilons: that are claimed, above 0.
    delta: of the mechanisms that have one, above 0 and below 1.

  Raises:
    ConfigurationError: there is no such mechanism, or it is not defined for an epsilon.
  """
  from privai_tf.privacy.mechanisms import mechanism_class, mechanism_names

  everything = list(names) == ["all"]
  found = []
  for name in mechanism_names() if everything else names:
    mechanism = mechanism_class(name)
    if everything and not mechanism.private:
      continue
    for epsilon in epsilons:
      own_delta = 0.0 if mechanism.pure else delta
      try:
        mechanism.check(epsilon, own_delta)
      except ConfigurationError:
        if everything:
          continue
        raise
      found.append((name, epsilon, own_delta))
  return tuple(found)


def audit_claims(
  job: AuditJob, generator: Any, boundary: Any, tell: Callable[[str], None]
) -> list[dict[str, Any]]:
  """One audit for each claim and target.

  Args:
    job: what to audit.
    generator: whose release it is; None for the stand-in.
    boundary: of the attribute; None for the stand-in.
    tell: called with the lines of the table, as they come.

  Returns:
    A row of JSON values for each audit.
  """
  from privai_tf.privacy.audit import audit, frequencies, prepare_audit

  results = []
  tell(_row("mechanism", "output", "claim", "delta", "bound", "exact", "chi2 p", "gap", "event"))
  for name, epsilon, delta in job.claims:
    audited = prepare_audit(
      name,
      epsilon,
      delta,
      generator=generator,
      boundary=boundary,
      latent_space=job.latent_space,
      scope=job.scope,
      components=job.components,
    )
    counted = frequencies(
      audited, samples=job.samples, false_alarm=_COUNTING_FALSE_ALARM / len(job.claims)
    )
    common = {
      "exact": _reachable(name, audited) if job.components == 1 else None,
      "frequencies": None if counted is None else dataclasses.asdict(counted),
      "duality_gap": getattr(audited.mechanism, "duality_gap", None),
    }
    for target in job.targets:
      result = audit(
        audited,
        samples=job.samples,
        target=target,
        confidence=_CONFIDENCE,
        audits=len(job.claims) * len(job.targets),
      )
      results.append({**dataclasses.asdict(result), **common})
      tell(_result_row(results[-1]))
  return results


def _reachable(name: str, audited: Any) -> float | None:
  """What tail events can show at most, where it is known."""
  from privai_tf.privacy.audit import reachable_epsilon
  from privai_tf.privacy.mechanisms import mechanism_class

  if not mechanism_class(name).private:
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


def problems(results: list[dict[str, Any]]) -> list[str]:
  """What is wrong, each with the mechanisms of which it is true; empty: nothing."""
  return [
    f"{text}: {', '.join(sorted({row['mechanism'] for row in rows}))}"
    for text, rows in (
      ("CLAIM BROKEN", [row for row in results if row["violated"]]),
      ("FREQUENCIES WRONG", [row for row in results if _miscounted(row)]),
    )
    if rows
  ]


def verdict(results: list[dict[str, Any]]) -> str:
  """One line: what is wrong, and how likely a wrong alarm was."""
  counted = any(row["frequencies"] for row in results)
  family = f"{len(results)} audits; false alarm of all together at most {1 - _CONFIDENCE:.2g}" + (
    f", of the counted frequencies {_COUNTING_FALSE_ALARM:.0e}" * counted
  )
  if found := problems(results):
    return f"{'; '.join(found)} ({family})"
  return f"no claim is broken ({family}); bounds at {_CONFIDENCE:.0%} each"


def write_audits(folder: pathlib.Path, results: list[dict[str, Any]]) -> None:
  """Writes audit.json for machines and audit.png for people."""
  write_report(folder, "audit.json", {"audits": results})
  from privai_tf.privacy.audit.plot import draw_audits

  draw_audits(results, folder / "audit.png")


def write_report(folder: pathlib.Path, name: str, content: dict[str, Any]) -> None:
  """Writes JSON into a folder, which is made.

  Raises:
    OutputError: it cannot be written.
  """
  try:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(content, indent=1) + "\n")
  except OSError as error:
    raise OutputError(
      f"{folder}: cannot be written ({error.strerror}); name another --output folder"
    ) from error
