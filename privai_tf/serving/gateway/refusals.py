"""What a caller is told when nothing is released: one status and one line for each cause."""

from privai_tf.errors import ConfigurationError, InputError, PrivaiError, without_flags
from privai_tf.privacy.ledger import BudgetExceededError, LedgerError


class Refusal(PrivaiError):
  """A request that is not served.

  Attributes:
    status: the HTTP status.
    headers: further headers of the answer.
  """

  def __init__(self, status: int, message: str, headers: dict[str, str] | None = None):
    super().__init__(message)
    self.status = status
    self.headers = dict(headers or {})


class Unavailable(Refusal):
  """The gateway cannot serve now, whatever was asked; the same request may succeed later."""

  def __init__(self, message: str, retry_after: int):
    super().__init__(503, message, {"Retry-After": str(retry_after)})


def refusal_of(error: PrivaiError, retry_after: int) -> Refusal:
  """The refusal that an error of the stages becomes; what concerns the operator stays in the log.

  Args:
    error: raised before or after the charge.
    retry_after: seconds, for causes that pass.
  """
  if isinstance(error, Refusal):
    return error
  if isinstance(error, BudgetExceededError):
    return Refusal(402, one_line(error))
  if isinstance(error, LedgerError):
    return Unavailable("The ledger cannot be charged now; nothing was released.", retry_after)
  if isinstance(error, ConfigurationError | InputError):
    return Refusal(422, one_line(error))
  return Unavailable("The model cannot be reached now; nothing was released.", retry_after)


def one_line(error: Exception | str) -> str:
  """The message without line breaks, control characters and flags, of bounded length."""
  text = " ".join(without_flags(str(error)).split())
  return "".join(c for c in text if c.isprintable())[:500]
