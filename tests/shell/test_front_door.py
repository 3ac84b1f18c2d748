"""The front door: every command is behind it, with its own flags and exit code."""

import subprocess
import sys

import pytest

import privai_tf
from privai_tf.commands import completion
from privai_tf.shell import front_door
from privai_tf.shell.commands import COMMANDS, summary
from tests.contracts import module_name


def privai(*arguments, **options):
  return subprocess.run(
    [sys.executable, "-m", "privai_tf", *arguments],
    capture_output=True,
    text=True,
    timeout=120,
    check=False,
    **options,
  )


def test_every_command_is_behind_it(repository):
  """Whatever ends with `command.run` is a command; `run_privatize.py` is `privai privatize`."""
  files = [*(repository / "privai_tf").rglob("*.py"), repository / "converters" / "__main__.py"]
  commands = {
    module_name(file.relative_to(repository))
    for file in files
    if "\n  command.run(" in file.read_text(encoding="utf-8")
  }
  assert commands == set(COMMANDS.values())


@pytest.mark.parametrize("name", COMMANDS)
def test_a_line_for_each(name):
  line = summary(name)
  assert line.endswith(".")
  assert line in front_door.overview().splitlines()[2 + list(COMMANDS).index(name)]


def test_alone_it_lists_them():
  listed = privai()
  assert (listed.returncode, listed.stderr) == (0, "")
  assert listed.stdout.strip() == front_door.overview()


def test_the_same_help_as_the_command_itself(repository):
  ours = privai("ledger", "--help")
  own = subprocess.run(
    [sys.executable, "-m", "privai_tf.ledger", "--help"],
    capture_output=True,
    text=True,
    check=False,
    cwd=repository,
  )
  assert (ours.returncode, own.returncode) == (0, 0)
  assert ours.stdout == own.stdout


@pytest.mark.parametrize("name", ["train-boundary", "train_boundary"])
def test_flags_and_exit_codes_are_the_commands_own(name):
  refused = privai(name, "--no_such_flag")
  assert refused.returncode == 2
  assert "no_such_flag" in refused.stderr


def test_a_name_that_is_none():
  refused = privai("edti")
  assert refused.returncode == 2
  assert refused.stderr == "There is no command 'edti'; did you mean 'edit'?\n"


@pytest.mark.parametrize(
  ("typed", "told"),
  [
    ("xyz", "There is no command 'xyz'; `privai` lists the commands."),
    ("", "There is no command ''; `privai` lists the commands."),
    ("WEB", "There is no command 'WEB'; did you mean 'web'?"),
    ("export-", "There is no command 'export-'; did you mean 'export'?"),
    ("gen", "There is no command 'gen'; did you mean 'generate'?"),
    ("--epsilon=1", "Flags go after a command's name, and '--epsilon=1' is none"),
  ],
)
def test_what_is_said_of_a_name_that_is_none(typed, told):
  assert front_door.unknown(typed).startswith(told)


def test_names_that_begin_alike_are_all_told():
  told = front_door.unknown("train")
  assert all(repr(name) in told for name in COMMANDS if name.startswith("train"))


def test_version_and_help_of_a_command(monkeypatch, capsys):
  monkeypatch.setattr(sys, "argv", ["privai", "--version"])
  assert front_door.main() == 0
  assert capsys.readouterr().out == f"privai-tf {privai_tf.__version__}\n"
  asked, own = privai("help", "completion"), privai("completion", "--help")
  assert (asked.returncode, asked.stdout) == (0, own.stdout)


def test_bash_completes_names_and_flags(tmp_path):
  (tmp_path / "privai").write_text(f'#!/bin/sh\nexec {sys.executable} -m privai_tf "$@"\n')
  (tmp_path / "privai").chmod(0o755)
  script = f"""
    {completion.script("bash")}
    PATH={tmp_path}:$PATH
    COMP_WORDS=(privai train-b); COMP_CWORD=1; _privai; echo "${{COMPREPLY[@]}}"
    COMP_WORDS=(privai ledger --subj); COMP_CWORD=2; _privai; echo "${{COMPREPLY[@]}}"
  """
  done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
  names, offered = done.stdout.splitlines()
  assert names == "train-boundary"
  assert "--subject" in offered


def test_another_shell_is_refused():
  refused = privai("completion", "fish")
  assert refused.returncode == 2
  assert refused.stderr == "SHELL 'fish' is not one of bash, zsh.\n"


@pytest.mark.parametrize(
  ("name", "renamed"),
  [
    ("privatize", {"num_portraits": "num"}),
    ("generate", {"latent_codes": "input_latents"}),
    ("edit", {"latent_codes": "input_latents", "boundary": "attribute"}),
    ("score", {"latent_codes": "input_latents", "images": "input"}),
    ("train-boundary", {"latent_codes": "input_latents"}),
    ("train-classifier", {"images": "input", "attributes": "attribute"}),
    ("export", {"output": "output_dir", "attributes": "attribute"}),
    ("gateway", {"attributes": "attribute"}),
    ("audit", {"output": "output_dir"}),
  ],
)
def test_one_word_a_thing_and_old_ones_say_what_they_are_called_now(name, renamed):
  """What several commands take has one name; the names of earlier versions still work."""
  told = privai(name, "--help").stdout
  for old, new in renamed.items():
    assert f"  --{old}: Alias for --{new}." in told
    assert f"  --{new}: " in told
