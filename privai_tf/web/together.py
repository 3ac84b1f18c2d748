"""Several updates of the page as one."""

import functools
from collections.abc import Callable, Iterator
from typing import Any


def together(*updates: dict[Any, Any]) -> dict[Any, Any]:
  """One update that does what several, one after another, do.

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


def saying_all(handler: Callable[..., Iterator[dict]]) -> Callable[..., Iterator[dict]]:
  """A handler each of whose updates says all that those before it in the same event said.

  Of updates that follow within a moment a busy browser shows the last alone (seen with gradio 6.31).

  Args:
    handler: gives updates by widget.
  """

  @functools.wraps(handler)
  def handle(*arguments: Any) -> Iterator[dict]:
    whole: dict[Any, Any] = {}
    for update in handler(*arguments):
      whole = together(whole, update)
      yield whole

  return handle


def _is_update(said: Any) -> bool:
  return isinstance(said, dict) and "__type__" in said


def _properties(said: Any) -> dict[str, Any]:
  return said if _is_update(said) else {"__type__": "update", "value": said}
