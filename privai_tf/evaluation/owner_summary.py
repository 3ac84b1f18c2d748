"""The head of the owner's page: what was done, by what, and what it cost."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

from privai_tf.artifacts import Guarantee
from privai_tf.privacy.figures import number_up


def summary(
  counts: Mapping[str, int],
  failures: Sequence[Mapping[str, str]],
  charges: Sequence[Mapping[str, str]],
  guarantee: Guarantee | None,
  configuration: Mapping[str, Any],
) -> str:
  """A grid of a few facts.

  Args:
    counts: "faces" with a record, "released" ones of these, and how many of these are "warned" of.
    failures: rows of `failures.csv`.
    charges: rows of `charges.csv`, oldest first.
    guarantee: of each face's release; None if not known.
    configuration: of the job.

  Returns:
    HTML of a `dl`.
  """
  lost = sum(row.get("published") == "no" for row in failures)
  stand_ins = len(failures) - lost
  facts = [
    ("Released", _released(counts["released"], lost, stand_ins)),
    ("With a warning", f"{counts['warned']} of {counts['released']}"),
    *_promised(guarantee, configuration),
    ("Checkpoint", _checkpoint(configuration)),
    ("Budget", _budget(charges)),
  ]
  cells = "".join(
    f"<div><dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd></div>"
    for name, value in facts
    if value
  )
  return f'<dl class="summary">{cells}</dl>'


def _released(released: int, lost: int, stand_ins: int) -> str:
  text = "1 face" if released == 1 else f"{released} faces"
  text += f", {lost} input{'s' if lost != 1 else ''} failed" if lost else ""
  text += f", {stand_ins} of them stand-ins" if stand_ins else ""
  return text


def _promised(
  guarantee: Guarantee | None, configuration: Mapping[str, Any]
) -> list[tuple[str, str]]:
  if guarantee is None:
    return []
  hidden = "the whole face"
  if guarantee.scope == "attribute":
    hidden = ", ".join(configuration.get("attributes", []))
  epsilon = number_up(guarantee.epsilon)
  epsilon += f", delta {number_up(guarantee.delta)}" if guarantee.delta else ""
  epsilon += " for each unit of distance" if guarantee.scope == "metric" else " a face"
  epsilon += "" if guarantee.private else " - NOT PRIVATE, a simulation or baseline"
  return [
    ("Hidden", f"{hidden} (scope {guarantee.scope})"),
    ("Epsilon", epsilon),
    ("Mechanism", guarantee.mechanism),
  ]


def _checkpoint(configuration: Mapping[str, Any]) -> str:
  checkpoint = configuration.get("checkpoint")
  if not checkpoint:
    return ""
  side = checkpoint.get("resolution")
  return checkpoint["name"] + (f", {side} x {side} pixels" if side else "")


def _budget(charges: Sequence[Mapping[str, str]]) -> str:
  if not charges:
    return "no charges (no ledger, or nothing paid)"
  left = {row["subject"]: row["left_epsilon"] for row in charges}  # The last one counts.
  least = min(left.values(), key=float)
  whose = "1 subject" if len(left) == 1 else f"each of {len(left)} subjects"
  paid = "1 release" if len(charges) == 1 else f"{len(charges)} releases"
  return f"{'at least ' * (len(left) > 1)}epsilon {least.removesuffix('.0')} left of {whose}; {paid} paid"
