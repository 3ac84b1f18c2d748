"""Why a network file was refused; every message is one line with the file, the problem, the remedy."""

from privai_tf.errors import CheckpointError

SAFE_COPY = (
  "nothing was executed; get the file anew from NVIDIA's own page, or from a source you trust"
)
DOWNLOAD_AGAIN = "download it again and compare its size with the one stated at the source"


def quoted(text: str, limit: int = 80) -> str:
  """Text of a file for a message: one printable line between quotes, shortened.

  Args:
    text: any characters.
    limit: characters that are kept, at least 3; one that is escaped counts once.
  """
  head = text if len(text) <= limit else text[: limit - 3] + "..."
  printable = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in head)
  return f"'{printable}'"


class NetworkFileError(CheckpointError):
  """Base of all refusals of a network file."""


class UnsafePickleError(NetworkFileError):
  """The pickle asks for something that official network files never ask for; nothing was executed."""

  def __init__(self, problem: str, remedy: str = SAFE_COPY):
    super().__init__(f"{problem}; {remedy}.")


class DamagedFileError(NetworkFileError):
  """The file breaks off or contradicts itself."""

  def __init__(self, problem: str, remedy: str = DOWNLOAD_AGAIN):
    super().__init__(f"{problem}; {remedy}.")


class UnsupportedFileError(NetworkFileError):
  """The file is something else: a web page, another generation of networks, another format."""

  def __init__(self, problem: str, remedy: str):
    super().__init__(f"{problem}; {remedy}.")
