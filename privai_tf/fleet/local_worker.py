"""A worker's process on this machine: Beam's own, without a page of messages at its start and end.

Beam starts it: python -m privai_tf.fleet.local_worker
"""

import logging
import sys

from privai_tf.errors import command_running
from privai_tf.runtime.startup import start_tensorflow


def main() -> None:
  """Serves the launcher until that has no more work."""
  # Beam sets the root's level itself, to INFO, whatever its options say: the handler decides.
  handler = logging.StreamHandler()
  handler.setLevel(logging.ERROR)
  logging.basicConfig(handlers=[handler])
  start_tensorflow()
  from apache_beam.runners.worker import sdk_worker_main

  with command_running():
    sdk_worker_main.main(sys.argv)


if __name__ == "__main__":
  main()
