"""What a model server can answer instead of a result."""

from privai_tf.errors import PrivaiError


class ServingError(PrivaiError):
  """A model server that cannot be reached, does not answer in time, or refuses a request.

  Attributes:
    code: gRPC's name of what happened, for REST too: "UNAVAILABLE", "DEADLINE_EXCEEDED",
      "NOT_FOUND", "INVALID_ARGUMENT", "RESOURCE_EXHAUSTED", "INTERNAL", ...
  """

  def __init__(self, message: str, code: str = "UNKNOWN"):
    super().__init__(message)
    self.code = code

  @property
  def refused(self) -> bool:
    """Whether the request itself is at fault: sent again, it would be refused again."""
    return self.code in ("INVALID_ARGUMENT", "FAILED_PRECONDITION", "OUT_OF_RANGE")
