"""Privacy events as JSON; a closed list of types, so that reading a ledger runs no foreign code."""

import json
from typing import Any

from privai_tf.errors import ConfigurationError

_FIELDS = {
  "GaussianDpEvent": ("noise_multiplier",),
  "LaplaceDpEvent": ("noise_multiplier",),
  "DiscreteLaplaceDpEvent": ("noise_parameter", "sensitivity"),
  "RandomizedResponseDpEvent": ("noise_parameter", "num_buckets"),
  "PrivacyParameters": ("epsilon", "delta"),
}


def to_json(event: Any) -> str:
  """Text of a `dp_accounting` event or `PrivacyParameters`; "" for None."""
  return "" if event is None else json.dumps(_plain(event), separators=(",", ":"))


def from_json(text: str) -> Any:
  """Inverse of `to_json`; None for ""."""
  return _event(json.loads(text)) if text else None


def _plain(event: Any) -> dict[str, Any]:
  name = type(event).__name__
  if name in _FIELDS:
    return {"type": name, **{field: getattr(event, field) for field in _FIELDS[name]}}
  if name == "SelfComposedDpEvent":
    return {"type": name, "event": _plain(event.event), "count": event.count}
  if name == "ComposedDpEvent":
    return {"type": name, "events": [_plain(inner) for inner in event.events]}
  raise ConfigurationError(
    f"event {event}: the ledger cannot count it; only laplace, gaussian, pure and (epsilon, delta) "
    "releases are charged"
  )


def _event(plain: dict[str, Any]) -> Any:
  from dp_accounting import dp_event

  from privai_tf.privacy.accounting.events import PrivacyParameters

  name = plain["type"]
  if name == "SelfComposedDpEvent":
    return dp_event.SelfComposedDpEvent(_event(plain["event"]), plain["count"])
  if name == "ComposedDpEvent":
    return dp_event.ComposedDpEvent([_event(inner) for inner in plain["events"]])
  kind = PrivacyParameters if name == "PrivacyParameters" else getattr(dp_event, name)
  return kind(**{field: plain[field] for field in _FIELDS[name]})
