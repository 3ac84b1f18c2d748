"""What `--identify` says about a file, and a network in a line."""

import dataclasses

from privai_tf.generators.network_config import NetworkConfig


@dataclasses.dataclass
class Facts:
  """What is said about a file, in lines.

  Attributes:
    kind: what it is.
    holds: what is in it, e.g. a line for each network.
    reads: commands that read it.
    lost: what these leave out.
  """

  kind: str
  holds: list[str] = dataclasses.field(default_factory=list)
  reads: list[str] = dataclasses.field(default_factory=list)
  lost: list[str] = dataclasses.field(default_factory=list)

  def lines(self) -> list[str]:
    """For people."""
    groups = {"holds": self.holds, "read by": self.reads, "lost": self.lost or ["nothing"]}
    return [self.kind] + [
      f"  {name if first else '':<9}{line}"
      for name, lines in groups.items()
      for first, line in zip([True] + [False] * len(lines), lines, strict=False)
    ]


def described(config: NetworkConfig) -> str:
  """A network in a line: family, role, size, labels, and the spaces of a generator."""
  words = f"{config.family} {config.role}, {config.resolution} x {config.resolution}, "
  words += f"{config.num_channels} channel" + "s" * (config.num_channels != 1)
  words += f", labels of {config.label_size}" if config.label_size else ""
  if config.role != "generator":
    return words
  spaces = f"Z [{config.latent_size}]"
  if hasattr(config, "dlatent_size"):
    width = config.dlatent_size
    spaces += f", W [{width}], W+ [{config.num_layers}, {width}]"
  return f"{words}, spaces {spaces}"
