"""What a run of the main job did, and what its owner is told of it."""

import dataclasses
import pathlib


@dataclasses.dataclass(frozen=True)
class Summary:
  """What a run did.

  Attributes:
    released: names released now.
    kept: how many inputs were finished by an earlier run.
    failures: one line an input that could not be released as it is.
    stand_ins: for how many of these a stand-in is published.
    statement: the guarantee in words, None if nothing was released now.
    report, comparison: the pages written.
    gave_up: whether `max_errors` ended the run.
    looked_at, unlike: see `Tally`.
    searched: whether codes were searched for, or taken as the encoder gives them.
  """

  released: tuple[str, ...]
  kept: tuple[str, ...]
  failures: tuple[str, ...]
  statement: str | None
  report: pathlib.Path
  comparison: pathlib.Path | None
  gave_up: bool = False
  stand_ins: int = 0
  looked_at: int = 0
  unlike: int = 0
  searched: bool = True

  @property
  def text(self) -> str:
    """What was done, in a few lines, and where it is."""
    kept = f", {len(self.kept)} kept from an earlier run" if self.kept else ""
    failed = f", {len(self.failures)} failed" if self.failures else ""
    failed += f" ({self.stand_ins} of them published as stand-ins)" if self.stand_ins else ""
    lines = [self.statement] if self.statement else []
    lines.append(f"{len(self.released)} released{kept}{failed}.")
    if self.unlike and self.searched:
      lines.append(
        f"{self.unlike} of {self.looked_at} faces look unlike anything this generator draws: what is "
        "published there is another face than the photo's. Use a checkpoint that was trained on such "
        "photos (README, Checkpoints), and look at --private_dir's page before publishing."
      )
    elif self.unlike:
      lines.append(
        f"{self.unlike} of {self.looked_at} faces are read badly by the encoder alone: what is published "
        "there may be another face than the photo's. Search for their codes (photographs: "
        "--preset=likeness; else --steps=50), or use a checkpoint that was trained on such photos "
        "(README, Checkpoints); look at --private_dir's page before publishing."
      )
    lines.append(f"To publish:      {self.report}")
    if self.comparison:
      lines.append(f"For your eyes:   {self.comparison}")
    return "\n".join(lines)
