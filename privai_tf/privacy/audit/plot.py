"""The audit as a picture: each lower bound beside its claim."""

import pathlib
from collections.abc import Sequence
from typing import Any


def draw_audits(results: Sequence[dict[str, Any]], path: pathlib.Path) -> None:
  """Draws one row for each audit: claim, exact value of the best event, empirical lower bound.

  Args:
    results: `AuditResult` as dictionaries, with `exact` (or None).
    path: the PNG to write.
  """
  import matplotlib.figure

  figure = matplotlib.figure.Figure(figsize=(7, 1.5 + 0.24 * len(results)), layout="constrained")
  axes = figure.add_subplot()
  rows = range(len(results))
  claims = [row["claim"] for row in results]
  # Bounds of broken mechanisms would dwarf the rest: cut off just beyond the claims.
  limit = 1.25 * max(claims)
  colours = ["tab:red" if row["violated"] else "tab:blue" for row in results]
  axes.barh(rows, [min(row["lower_bound"], limit) for row in results], color=colours, height=0.6)
  axes.scatter(claims, rows, marker="|", s=120, color="black", label="claim")
  known = [(row["exact"], index) for index, row in enumerate(results) if row["exact"] is not None]
  if known:
    axes.scatter(
      *zip(*known, strict=True),
      marker="d",
      s=14,
      color="tab:orange",
      label="exact value of the best event",
    )
  axes.set_yticks(
    rows, [f"{row['mechanism']} {row['claim']:g} ({row['target']})" for row in results]
  )
  axes.invert_yaxis()
  axes.set_xlim(0, limit)
  axes.set_xlabel("epsilon (bar: 95% lower bound)")
  figure.legend(loc="outside upper right", fontsize="small", ncols=2)
  figure.savefig(path, dpi=120)
