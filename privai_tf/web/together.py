"""Several updates of the page as one."""

from typing import Any


def together(*updates: dict[Any, Any]) -> dict[Any, Any]:
  """One update that does what several, one after another, do.

  Of updates that follow within a moment a busy browser shows the last alone (gradio 6.31), so that
  each has to say all that those before it in the same event said.

  Args:
    updates: by widget, in their order: what `gr.update` gives, or a plain value.

  Returns:
    By widget; of each property the last one that was said.
  """
  whole: dict[Any, Any] = {}
  for update in updates:
    for widget, said in update.items():
      known = whole.get(widget)
      if known is None or not (_is_update(known) or _is_update(said)):
        whole[widget] = said
      else:
        whole[widget] = _properties(known) | _properties(said)
  return whole


def _is_update(said: Any) -> bool:
  return isinstance(said, dict) and "__type__" in said


def _properties(said: Any) -> dict[str, Any]:
  return said if _is_update(said) else {"__type__": "update", "value": said}
