"""Parses command lines with the real flags of the real modules, and runs none of them.

Standard input: JSON, `{module: [arguments, ...]}`. Standard output: JSON, `{module: {"flags": [name, ...],
"first": [those that --help names first], "problems": [text or null, ...]}}`. absl's flags are one set a process, so each module gets a fork of
this one, which has imported what most of them need.
"""

import argparse
import json
import os
import re
import runpy
import sys
from unittest import mock

import numpy as np  # noqa: F401  (most modules need it)
from absl import app, flags
from absl.testing import flagsaver

from privai_tf.errors import PrivaiError
from privai_tf.runtime import command, command_help

_PLACEHOLDER = re.compile(r"\$?[A-Z][A-Z0-9_]*")  # --num=N, --shard_index=$TASK


class _CaughtError(Exception):
  """A command that was about to begin."""


def caught(module: str) -> tuple[argparse.ArgumentParser | None, dict | None]:
  """Starts a command up to where it parses; its parser (None: absl), and its module's names."""

  def run(main, arguments=None, stopped=None):  # As `command.run` takes them.
    raise _CaughtError(None, main.__globals__)

  def parse(parser, *_):
    raise _CaughtError(parser, None)

  with (
    mock.patch.object(command, "run", run),
    mock.patch.object(app, "run", run),
    mock.patch.object(argparse.ArgumentParser, "parse_args", parse),
  ):
    try:
      runpy.run_module(module, run_name="__main__")
    except _CaughtError as found:
      return found.args
  raise AssertionError(f"{module} ended without parsing anything")


def problem(parser, names: dict, arguments: list[str]) -> str | None:
  """What is wrong with a command line; None: nothing that can be told without files."""
  partial = "..." in arguments or any(word.startswith("--flagfile=") for word in arguments)
  arguments = [
    word.replace("[=", "=").strip("[],")
    for word in arguments
    if word not in ("...", "--help") and not word.startswith("--flagfile=")
  ]
  if "--" in arguments:
    arguments = arguments[: arguments.index("--")]  # Apache Beam's own options follow.
  if parser is not None:
    return _argparse_problem(parser, arguments)
  try:
    rest = _parsed([filled for word in arguments if (filled := _filled(word, partial))], partial)
  except (flags.Error, PrivaiError) as error:
    return str(error)
  if rest and "_RUN_OPEN" in names and rest[0] not in (*names["_RUN"], *names["_RUN_OPEN"]):
    return f"the ledger has no command {rest[0]}"
  return None


def _parsed(arguments: list[str], partial: bool) -> list[str]:
  saved = flagsaver.save_flag_values()
  try:
    if partial:
      with mock.patch.object(flags.FlagValues, "validate_all_flags"):
        return flags.FLAGS(["command", *arguments])[1:]
    rest = flags.FLAGS(["command", *arguments])[1:]
    if "noise_seed" in flags.FLAGS and "retry_failures" in flags.FLAGS:  # The main job's.
      from privai_tf.jobs.flags import job_from_flags

      job_from_flags()
    return rest
  finally:
    flagsaver.restore_flag_values(saved)


def _filled(word: str, partial: bool) -> str | None:
  """A number where a page says N; nothing where it only names a flag of ours."""
  name, equals, value = word.partition("=")
  flag = flags.FLAGS[name[2:]] if name[2:] in flags.FLAGS else None  # noqa: SIM401
  if flag is not None and (value == "..." or (partial and not equals and not flag.boolean)):
    return None
  if flag is None or not _PLACEHOLDER.fullmatch(value):
    return word
  if "shard" in name:
    return f"{name}={2 if name == '--num_shards' else 1}"
  return f"{name}=1" if isinstance(flag.parser, (flags.FloatParser, flags.IntegerParser)) else word


def _argparse_problem(parser: argparse.ArgumentParser, arguments: list[str]) -> str | None:
  try:
    with mock.patch.object(parser, "error", side_effect=ValueError):
      parser.parse_known_args(arguments)
      unknown = parser.parse_known_args(arguments)[1]
  except ValueError as error:
    return str(error)
  return f"unknown: {unknown}" if unknown else None


def answered(module: str, lines: list[list[str]]) -> dict:
  """The entry of a module."""
  parser, module_names = caught(module)
  names = list(flags.FLAGS) if parser is None else list(parser._option_string_actions)
  return {
    "flags": [name.lstrip("-") for name in names],
    "first": command_help.needed_first(),
    "problems": [problem(parser, module_names, line) for line in lines],
  }


def main() -> None:
  answers = {}
  for module, lines in json.load(sys.stdin).items():
    read, write = os.pipe()
    if (child := os.fork()) == 0:
      with os.fdopen(write, "w") as file:
        try:
          json.dump(answered(module, lines), file)
        except BaseException as error:
          json.dump({"flags": [], "first": [], "problems": [f"{error!r}" for _ in lines]}, file)
      os._exit(0)
    os.close(write)
    with os.fdopen(read) as file:
      answers[module] = json.load(file)
    os.waitpid(child, 0)
  json.dump(answers, sys.stdout)


if __name__ == "__main__":
  main()
