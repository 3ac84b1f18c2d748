"""Checks the installation: packages, devices, networks, weights, folders; says what to do next.

privai doctor
"""

from privai_tf.runtime import command
from privai_tf.runtime.startup import start_tensorflow


def main(_: list[str]) -> int:
  start_tensorflow()

  from privai_tf.shell.checkup import PROBLEM, checkup, next_step

  checks = checkup()
  width = max(len(check.name) for check in checks)
  for check in checks:
    print(f"{check.state:<8} {check.name:<{width}}  {check.found}")
  print(f"\n{next_step(checks)}")
  return int(any(check.state == PROBLEM for check in checks))


if __name__ == "__main__":
  command.run(main)
