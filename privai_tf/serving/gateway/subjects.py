"""Who is in the picture, as requests say it."""

from typing import Annotated

from fastapi import Header

from privai_tf.serving.gateway.budgets import SUBJECT_PATTERN

Subject = Annotated[
  str | None,
  # A header, because addresses end up in logs, of proxies too.
  Header(
    alias="Privai-Subject",
    pattern=SUBJECT_PATTERN,
    description="Who is in the picture: an id of your own. Needed where each subject has a budget.",
  ),
]
