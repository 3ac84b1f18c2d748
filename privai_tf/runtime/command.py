"""How every command starts and ends: absl flags, one line for what a user can mend, exit codes.

0: all done. 1: something failed, each named on standard error. 2: bad flags or configuration.
130: Ctrl-C. 141: whoever read the output left (`| head`). 143: SIGTERM, with which machines are taken
away. (128 plus the signal, as shells have it.)
"""

import contextlib
import errno
import io
import os
import select
import sys
from collections.abc import Callable, Iterator
from typing import TextIO

from absl import app, flags

from privai_tf.errors import ConfigurationError, PrivaiError, command_running
from privai_tf.runtime.command_help import HelpFlag
from privai_tf.runtime.files import shown
from privai_tf.runtime.interruption import FinalEnd, Terminated, raise_on_termination

# What is wrong with a path, wherever it is looked at: pathlib's own questions raise these too.
_PLACES = (errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ELOOP)
_STOPPED = "what is finished is whole; the same command goes on."


def run(
  main: Callable[[list[str]], int | None],
  arguments: tuple[str, ...] | None = (),
  stopped: str = _STOPPED,
) -> None:
  """Parses the flags, runs a command and exits with its code.

  Args:
    main: does the work, given the arguments that are no flags; returns the exit code, None for 0.
    arguments: names of those arguments, for messages; all of them are required. None: any may be
      given, and the command knows what they mean.
    stopped: what is told of an end by Ctrl-C or SIGTERM.
  """
  end = FinalEnd()

  def guarded(argv: list[str]) -> int:
    if arguments is not None and len(argv) - 1 != len(arguments):
      wanted = " ".join(arguments) or "no arguments, only flags"
      print(f"Expected {wanted}; got: {' '.join(argv[1:]) or 'none'} (see --help)", file=sys.stderr)
      return 2
    with command_running():
      return _guarded(main, argv[1:], end, stopped)

  app.run(guarded, flags_parser=_parsed)


def _guarded(
  main: Callable[[list[str]], int | None], arguments: list[str], end: FinalEnd, stopped: str
) -> int:
  raise_on_termination()
  if isinstance(sys.stdout, io.TextIOWrapper):
    # Names of files have letters that a locale's encoding may lack: as standard error has it.
    sys.stdout.reconfigure(errors="backslashreplace")
  try:
    with _reader_may_leave():
      return main(arguments) or 0
  except ConfigurationError as error:
    print(error, file=sys.stderr)
    return 2
  except PrivaiError as error:
    print(error, file=sys.stderr)
    return 1
  except OSError as error:
    if error.filename is None or error.errno not in _PLACES:
      raise
    print(
      f"Cannot use {shown(error.filename)}: {error.strerror}; choose another place.",
      file=sys.stderr,
    )
    return 1
  except Terminated:
    print(f"Terminated: {stopped}", file=sys.stderr)
    return end.with_code(143)
  except KeyboardInterrupt:
    print(f"Interrupted: {stopped}", file=sys.stderr)
    return end.with_code(130)


@contextlib.contextmanager
def _reader_may_leave() -> Iterator[None]:
  """Ends without a word, as other commands do, where nobody reads on: `show | head -1`."""
  try:
    try:
      yield
    finally:
      sys.stdout.flush()
  except BrokenPipeError:
    if _is_read(sys.stdout):
      raise  # It was another pipe.
    # What is left goes nowhere, also at the interpreter's end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(141)


def _is_read(stream: TextIO) -> bool:
  """Whether somebody holds the other end of a pipe."""
  poll = select.poll()
  poll.register(stream, 0)  # Errors are told whatever is asked.
  return not any(event & select.POLLERR for _, event in poll.poll(0))


def _parsed(argv: list[str]) -> list[str]:
  """absl's own parsing, but a bad flag ends with code 2 and one line instead of a page of usage."""
  try:
    with _reader_may_leave():
      return _flags(argv)
  except flags.Error as error:
    print(f"{error} ({_where_flags_are(error)})", file=sys.stderr)
    sys.exit(2)


def _where_flags_are(error: flags.Error) -> str:
  name = getattr(error, "flagname", "")
  if isinstance(error, flags.UnrecognizedFlagError) and len(name) == 1:
    return f"InterFaceGAN's -{name} has a name here: see the table in docs/toolkit.md, or --help"
  return "--help lists all flags"


def _flags(argv: list[str]) -> list[str]:
  words = sys.modules["__main__"].__doc__ or f"{argv[0]} [flags]"
  flags.DEFINE_flag(HelpFlag(sys.argv[0], words))
  try:
    return flags.FLAGS(argv)
  except SystemExit:
    sys.exit(0)  # --helpfull, which absl ends with 1 although nothing failed.
