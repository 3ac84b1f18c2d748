"""Prints what makes a shell complete the commands and their flags.

source <(privai completion bash)     # in ~/.bashrc
source <(privai completion zsh)      # in ~/.zshrc
"""

from privai_tf.runtime import command
from privai_tf.shell.commands import COMMANDS

# Flags are asked of the command itself, once a shell and command: --help takes half a second.
_BASH = r"""
declare -A _privai_flags
_privai() {
  local current=${COMP_WORDS[COMP_CWORD]} name=${COMP_WORDS[1]}
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W "@NAMES@" -- "$current"))
  elif [[ $current == -* ]]; then
    if [[ -z ${_privai_flags[$name]-} ]]; then
      _privai_flags[$name]=$("${COMP_WORDS[0]}" "$name" --help 2>/dev/null |
        sed -nE 's/^  --(\[no\])?([a-z0-9_]+):.*/--\2/p')
    fi
    COMPREPLY=($(compgen -W "${_privai_flags[$name]}" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -o filenames -F _privai privai
"""
_SCRIPTS = {
  "bash": _BASH,
  # zsh takes bash's functions once it is told to.
  "zsh": "\n(( $+functions[compdef] )) || { autoload -U compinit && compinit; }"
  "\nautoload -U +X bashcompinit && bashcompinit" + _BASH.replace("declare", "typeset"),
}


def script(shell: str) -> str:
  """The script for a shell.

  Args:
    shell: "bash" or "zsh".

  Raises:
    ConfigurationError: for another shell.
  """
  from privai_tf.errors import ConfigurationError

  if shell not in _SCRIPTS:
    raise ConfigurationError(f"SHELL {shell!r} is not one of {', '.join(_SCRIPTS)}.")
  return _SCRIPTS[shell].replace("@NAMES@", " ".join(COMMANDS)).strip()


def main(arguments: list[str]) -> None:
  print(script(arguments[0]))


if __name__ == "__main__":
  command.run(main, ("SHELL",))
