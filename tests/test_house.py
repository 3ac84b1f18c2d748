"""The house's rules about commands, flags and names hold, and the measure sees what breaks them."""

import pytest

from tests import house


def test_commands_flags_and_names_are_where_they_belong(repository):
  assert house.faults(repository) == []


def test_words_that_mean_two_things_still_do(repository):
  """Else an exception is left over."""
  defined = set()
  for _, tree in house._files(repository, house.PACKAGES):
    for called, call in house._calls(tree):
      if ".DEFINE_" in called:
        defined.update(house._name(call))
  # The main job's --input is made by a class of its own.
  assert house._TWO_THINGS.keys() - {"input"} <= defined


_COMMAND = 'if __name__ == "__main__":\n  command.run(main)\n'


@pytest.mark.parametrize(
  ("files", "told"),
  [
    ({"privai_tf/audit.py": _COMMAND}, "privai_tf/audit.py: a command outside"),
    ({"privai_tf/toolkit/audit.py": _COMMAND}, "a command outside"),
    ({"privai_tf/commands/helpers.py": "def f(): pass"}, "helpers.py: no command"),
    (
      {name: 'flags.DEFINE_bool("x", 0, "")' for name in ("privai_tf/a.py", "converters/b.py")},
      "--x: converters/b.py, privai_tf/a.py",
    ),
    ({"privai_tf/a.py": 'flags.DEFINE_integer("seed", 1, "")'}, "--seed: privai_tf/a.py beside"),
    (
      {"privai_tf/commands/edit.py": _COMMAND, "privai_tf/a.py": "import privai_tf.commands.edit"},
      "privai_tf.a imports privai_tf.commands.edit",
    ),
    ({"tests/a.py": "from converters.zoo import table"}, "which is privai_tf.converters.zoo"),
    ({"demo/a.py": "def f():\n  import demo"}, "which is privai_tf.demo"),
  ],
)
def test_the_measure_sees(tmp_path, files, told):
  for name, text in files.items():
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text)
  (found,) = house.faults(tmp_path)
  assert told in found


def test_the_measure_is_content_with(tmp_path):
  good = {
    "privai_tf/commands/edit.py": f'_SEED = shared_flag("seed")\n{_COMMAND}',
    "privai_tf/web/__main__.py": _COMMAND,
    "privai_tf/commands/__init__.py": "",
    "privai_tf/a.py": 'import demonstration\nfrom . import b\nflags.DEFINE_alias("x", "seed")',
    "converters/b.py": 'from privai_tf.converters import zoo\nflags.DEFINE_alias("x", "seed")',
  }
  for name, text in good.items():
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text)
  assert house.faults(tmp_path) == []
