"""Every command that a page or a docstring shows has the flags that it is shown with."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections import defaultdict

import pytest

from privai_tf.shell.commands import COMMANDS
from tests.docs.pages import commands, docstrings, pages, spans

_PROGRAM = "tests/docs/parse_flags.py"
# What is run where a page names a file or a package.
_ENTRY = {
  "run_privatize.py": "privai_tf.commands.privatize",
  "converters": "privai_tf.converters.__main__",
  "privai_tf.converters": "privai_tf.converters.__main__",
  "privai_tf.web": "privai_tf.web.__main__",
  "benchmarks.conformance": "benchmarks.conformance.__main__",
}
_COMMANDS = {module.replace(".commands.", "."): module for module in COMMANDS.values()}
# Flags that pages mention and that no command of ours defines, and whose they are.
_OF_OTHERS = {
  "dask_partition_size": "Beam",
  "flagfile": "absl, of every command",
  "flink_job_server_jar": "Beam",
  "gpus": "docker run",
  "no-deps": "pip",
  "prism_location": "Beam",
  "spark_job_server_jar": "Beam",
}

# What a page must not show, each for a reason of its own: the parser's, a validator's, the job's.
_STALE = (
  ("--num_portrait_files=3", "--output_dir=out"),
  ("--batch_size=0", "--output_dir=out"),
  ("--create_ledger", "--output_dir=out"),
  ("--attribute=smile", "--epsilon=1"),
  ("--scope=image", "--mechanism=extremal", "--output_dir=out"),
  ("--output_dirs=out", "..."),
)


@pytest.fixture(scope="module")
def shown(repository):
  """All commands on all pages and in all docstrings, by what is run."""
  found = defaultdict(list)
  for page, text in (pages(repository) | docstrings(repository)).items():
    for command in commands(page, text):
      found[_entry(command.module)].append(command)
  return found


@pytest.fixture(scope="module")
def answers(repository, shown):
  """What the commands' own parsers say; started once."""
  asked = {module: [] for module in COMMANDS.values()}
  for module, found in shown.items():
    if _parses(module):
      asked[module] = [command.arguments for command in found]
  asked[COMMANDS["privatize"]] += _STALE
  done = subprocess.run(
    [sys.executable, _PROGRAM],
    input=json.dumps(asked),
    env=os.environ | {"PYTHONPATH": f"{repository}{os.pathsep}{os.environ['PYTHONPATH']}"},
    cwd=repository,
    capture_output=True,
    text=True,
    check=True,
  )
  return json.loads(done.stdout)


def _entry(module):
  """What is run, however a page names it: a file, a package, a command's short name."""
  module = _ENTRY.get(module, module)
  return _COMMANDS.get(module, module)


def _parses(module):
  """Whether a module of ours takes flags."""
  if module.split(".")[0] not in ("privai_tf", "converters", "demo", "benchmarks"):
    return False
  spec = importlib.util.find_spec(module)
  if spec is None or spec.origin is None:
    return False
  with open(spec.origin, encoding="utf-8") as file:
    return re.search(r"(command|app)\.run\(|parse_args\(", file.read()) is not None


def _a_file(repository, path):
  """Whether a file is there; some are shown without the folder in which they are run."""
  return any((repository / folder / path).exists() for folder in ("", "tests/serving"))


def test_pages_show_commands(shown):
  """Else the pattern that finds them is broken."""
  assert sum(map(len, shown.values())) > 150
  assert {COMMANDS[name] for name in ("privatize", "invert", "ledger", "convert")} <= set(shown)


def test_each_is_there(repository, shown):
  missing = []
  for module, found in shown.items():
    if module == "make":
      targets = (repository / "Makefile").read_text(encoding="utf-8")
      missing += [c for c in found if f"\n{c.arguments[0]}:" not in targets]
    elif module == "pytest":
      words = [(c, word) for c in found for word in c.arguments if word.startswith("tests/")]
      missing += [c for c, word in words if not (repository / word.split("::")[0]).exists()]
    elif module.endswith(".py"):
      missing += [c for c in found if not _a_file(repository, module)]
    elif importlib.util.find_spec(module.split(".")[0]) is None or not importlib.util.find_spec(
      module
    ):
      missing += found
  assert not missing, "\n".join(map(str, missing))


def test_what_is_stale_is_noticed(answers):
  found = answers[COMMANDS["privatize"]]["problems"][-len(_STALE) :]
  noticed = [line for line, problem in zip(_STALE, found, strict=True) if problem is not None]
  assert noticed == list(_STALE)


def test_each_has_the_flags_that_it_is_shown_with(shown, answers):
  wrong = [
    f"{command}\n    {problem}"
    for module, answer in answers.items()
    for command, problem in zip(shown.get(module, ()), answer["problems"], strict=False)
    if problem is not None
  ]
  assert not wrong, "\n".join(wrong)


def test_flags_that_are_mentioned_exist(repository, answers):
  known = {name for answer in answers.values() for name in answer["flags"]} | set(_OF_OTHERS)
  unknown = {
    f"{page}: --{name}"
    for page, text in pages(repository).items()
    for span in spans(text)
    for name in re.findall(r"^--([a-z][\w-]*)", span)
    if not {name, name.removeprefix("no")} & known
  }
  assert not unknown, "\n".join(sorted(unknown))


def test_help_of_each_begins_with_flags_that_it_has(answers):
  """`doctor` and `completion` have none of their own."""
  for name, module in COMMANDS.items():
    first = answers[module]["first"]
    assert first or name in ("doctor", "completion"), name
    assert set(first) <= set(answers[module]["flags"]), name
