"""What `--help` prints: first the flags that one needs, then the others by what they are about.

Flags say where they belong beside their definitions: `first("input", "output_dir")`, in the order of a
first visit, and `group("Faces", ("align", "faces"))`. Like absl's flags, this is one set a process.
"""

from collections.abc import Iterable

from absl import flags

_FIRST = "What you need first"
_OTHERS = "Further flags"
_OLD_NAMES = "Names of earlier versions"
_order: list[str] = []  # Of the flags that are needed first.
_titles: dict[str, str] = {}


def first(*names: str) -> None:
  """The flags that a newcomer needs, in this order, whatever group they are in.

  Args:
    *names: of flags of the command.
  """
  _titles.update(dict.fromkeys(names, _FIRST))
  _order[:] = names


def group(title: str, names: Iterable[str]) -> None:
  """What some flags are about.

  Args:
    title: in a few words.
    names: of flags; those that are needed first stay there.
  """
  for name in names:
    _titles.setdefault(name, title)


def needed_first() -> tuple[str, ...]:
  """The flags that `first` named."""
  return tuple(_order)


def help_text(shown: Iterable[flags.Flag]) -> str:
  """The flags of a command under their titles.

  Args:
    shown: the flags, in any order. Groups come as they were made, in each the alphabet decides.
  """
  groups = {title: [] for title in (_FIRST, *_titles.values())}
  by_name = {flag.name: flag for flag in shown}
  for name in [*_order, *sorted(by_name)]:
    if name in by_name:
      flag = by_name.pop(name)
      groups.setdefault(_title(flag), []).append(flag)
  # At the end, whenever they came.
  last = [groups.pop(title, []) for title in (_OTHERS, _OLD_NAMES)]
  groups |= dict(zip((_OTHERS, _OLD_NAMES), last, strict=True))
  return "\n\n".join(
    "\n".join([f"{title}:", *map(_entry, entries)]) for title, entries in groups.items() if entries
  )


def _title(flag: flags.Flag) -> str:
  if (flag.help or "").startswith("Alias for "):
    return _OLD_NAMES
  return _titles.get(flag.name, _OTHERS)


def _entry(flag: flags.Flag) -> str:
  """A flag as absl shows it: name and words, default, what values it takes."""
  name = f"--[no]{flag.name}" if flag.boolean else f"--{flag.name}"
  lines = [flags.text_wrap(f"{name}: {flag.help or ''}", indent="    ", firstline_indent="  ")]
  if flag.default_as_str:
    lines.append(flags.text_wrap(f"(default: {flag.default_as_str})", indent="    "))
  if flag.parser.syntactic_help:
    lines.append(flags.text_wrap(f"({flag.parser.syntactic_help})", indent="    "))
  return "\n".join(lines)


class HelpFlag(flags.BooleanFlag):
  """`--help`, in place of absl's, whose list is by the alphabet."""

  def __init__(self, module: str, words: str):
    """Takes a command's module as absl names it, and what the command says of itself."""
    super().__init__(
      "help", False, "show this help", short_name="?", allow_hide_cpp=True, allow_override=True
    )
    self._module, self._words = module, words

  def parse(self, argument: str | bool | None) -> None:
    if self._parse(argument):
      shown = flags.FLAGS.get_key_flags_for_module(self._module)
      print(f"{self._words.strip()}\n\n{help_text(shown)}\n")
      print("--helpfull also lists those of the libraries.")
      raise SystemExit(0)
