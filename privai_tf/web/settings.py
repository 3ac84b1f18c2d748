"""The operator's choices, checked before anything is loaded."""

import dataclasses
import ipaddress
import pathlib

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.ledger.mirror import state_folder


@dataclasses.dataclass(frozen=True)
class WebSettings:
  """How the page is served.

  Attributes:
    checkpoint: a name in `checkpoints/`, a converted folder or an official pickle.
    attributes: what may be hidden; None: every attribute that the checkpoint has a boundary for.
    latent_space: "W", "W+" or "Z"; None: W where the checkpoint has it, else Z.
    steps: of the inversion; None: 50 from an encoder's code on, else 200.
    precision: of the inversion and of what is drawn, see `runtime.precision`.
    host, port: where to listen; port 0 takes a free one.
    auth_file: the gateway's tokens file; must be given where others can reach the page.
    ledger: where releases are charged; None: a file in the user's state folder, made if missing.
    budget_epsilon, budget_delta: what all releases of a photo may cost together; delta is for faces
      that are kept recognizable.
    max_epsilon: the largest epsilon on the slider.
    max_upload_bytes, max_pixels: of a photo.
    max_waiting: how many requests may wait for the model.
    session_minutes: after so long without a sign of life a session's photo is forgotten.
  """

  checkpoint: str = "avatars"
  attributes: tuple[str, ...] | None = None
  latent_space: str | None = None
  steps: int | None = None
  precision: str = "auto"
  host: str = "127.0.0.1"
  port: int = 7860
  auth_file: pathlib.Path | None = None
  ledger: pathlib.Path | None = None
  budget_epsilon: float = 8.0
  budget_delta: float = 1e-5
  max_epsilon: float = 8.0
  max_upload_bytes: int = 20_000_000
  max_pixels: int = 25_000_000
  max_waiting: int = 16
  session_minutes: float = 30.0

  def __post_init__(self):
    if self.auth_file is None and not is_loopback(self.host):
      raise ConfigurationError(
        f"--host={self.host} lets others reach the page: say who may with --auth_file=tokens.json "
        "(python -m privai_tf.gateway --tokens=tokens.json --add_caller=NAME --budget_epsilon=10)"
      )
    for name in ("budget_epsilon", "max_epsilon", "session_minutes"):
      if not getattr(self, name) > 0:
        raise ConfigurationError(f"--{name} is {getattr(self, name):g}; it must be above 0")
    if not 0 <= self.budget_delta < 1:
      raise ConfigurationError(
        f"--budget_delta is {self.budget_delta:g}; it must be at least 0 and below 1"
      )

  @property
  def ledger_path(self) -> pathlib.Path:
    """The ledger's file."""
    return self.ledger or state_folder() / "web" / "ledger.db"


def is_loopback(host: str) -> bool:
  """Whether only this machine can reach a server that listens there."""
  try:
    return ipaddress.ip_address(host).is_loopback
  except ValueError:
    return host == "localhost"
