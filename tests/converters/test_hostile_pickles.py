"""Pickles that run a command in Python's own unpickler run nothing here, and are refused by name."""

import subprocess
import sys
import time

import pytest

from privai_tf.converters.errors import UnsafePickleError
from privai_tf.converters.restricted_pickle import read_network_pickle

ATTACKS = {}


def attack(reason):
  """Registers an attack with what the refusal must say."""

  def register(function):
    ATTACKS[function.__name__] = (reason, function)
    return function

  return register


def touch(a, canary):
  return a.tuple(a.text(f"touch {canary}"))


def touch_list(a, canary):
  return a.list(a.text("touch"), a.text(str(canary)))


def source(canary):
  return f"open({str(canary)!r}, 'w').close()"


def global_(module, name):
  return f"c{module}\n{name}\n".encode()


def protocol_2(body):
  return b"\x80\x02" + body + b"."


@attack("'os.system'")
def system_by_global(a, canary):
  return protocol_2(global_("os", "system") + touch(a, canary) + b"R")


@attack("'posix.system'")
def system_by_stack_global(a, canary):
  return a.file(a.name("posix", "system") + touch(a, canary) + b"R")


@attack("'os.system'")
def system_by_memoized_names(a, canary):
  names = a.tuple(a.text("os") + b"\x94", a.text("system") + b"\x94")
  return a.file(names + b"\x94" + b"h\x00h\x01\x93" + touch(a, canary) + b"R\x86")


@attack("'os.system'")
def global_kept_in_the_memo(a, canary):
  return a.file(a.tuple(a.name("os", "system") + b"q\x07", b"h\x07" + touch(a, canary) + b"R"))


@attack("'builtins.eval'")
def eval_(a, canary):
  return a.file(a.name("builtins", "eval") + a.tuple(a.text(source(canary))) + b"R")


@attack("'builtins.exec'")
def exec_(a, canary):
  return a.file(a.name("builtins", "exec") + a.tuple(a.text(source(canary))) + b"R")


@attack("'__builtin__.eval'")
def eval_of_python_2(a, canary):
  return protocol_2(global_("__builtin__", "eval") + a.tuple(a.text(source(canary))) + b"R")


@attack("'builtins.getattr'")
def getattr_and_import(a, canary):
  module = a.name("builtins", "__import__") + a.tuple(a.text("os")) + b"R"
  system = a.name("builtins", "getattr") + a.tuple(module, a.text("system")) + b"R"
  return a.file(system + touch(a, canary) + b"R")


@attack("'builtins.__import__'")
def import_alone(a, canary):
  module = a.name("builtins", "__import__") + a.tuple(a.text("os")) + b"R"
  return a.file(a.tuple(module, a.name("os", "system") + touch(a, canary) + b"R"))


@attack("'pathlib.Path.touch'")
def dotted_name(a, canary):
  path = a.name("pathlib", "Path") + a.tuple(a.text(str(canary))) + b"R"
  return a.file(a.name("pathlib", "Path.touch") + a.tuple(path) + b"R")


@attack("'subprocess.Popen'")
def class_by_reduce(a, canary):
  return a.file(a.name("subprocess", "Popen") + a.tuple(touch_list(a, canary)) + b"R")


@attack("'subprocess.Popen'")
def class_by_newobj_then_init(a, canary):
  process = a.name("subprocess", "Popen") + b")\x81\x94"
  init = a.name("subprocess", "Popen.__init__") + a.tuple(b"h\x00", touch_list(a, canary)) + b"R"
  return a.file(process + init + b"\x86")


@attack("operation INST")
def inst(a, canary):
  return protocol_2(b"(" + a.text(f"touch {canary}") + b"ios\nsystem\n")


@attack("'subprocess.Popen'")
def obj(a, canary):
  return protocol_2(b"(" + global_("subprocess", "Popen") + touch_list(a, canary) + b"o")


@attack("'functools.partial'")
def setstate_by_build(a, canary):
  partial = a.name("functools", "partial") + a.tuple(a.name("builtins", "print")) + b"R"
  state = a.tuple(a.name("os", "system"), touch(a, canary), b"}", b"N")
  return a.file(partial + state + b"b)R")


@attack("'builtins.list'")
def lazy_iterator(a, canary):
  mapped = a.name("builtins", "map") + a.tuple(a.name("os", "system"), touch(a, canary)) + b"R"
  return a.file(a.name("builtins", "list") + a.tuple(mapped) + b"R")


@attack("'os.system'")
def before_a_good_file(a, canary):
  good = a.tuple(*(a.text(name) for name in "GDS"))
  return a.file(a.tuple(a.name("os", "system") + touch(a, canary) + b"R", good))


@attack("'os.system'")
def in_place_of_keyword_arguments(a, canary):
  return a.file(a.tuple(a.name("os", "system") + touch(a, canary) + b"R", a.dict({"a": b"N"})))


@attack("'operator.methodcaller'")
def twice_reduced(a, canary):
  maker = a.name("operator", "methodcaller") + a.tuple(a.text("touch")) + b"R"
  path = a.name("pathlib", "Path") + a.tuple(a.text(str(canary))) + b"R"
  return a.file(maker + a.tuple(path) + b"R")


@attack("'numpy.testing._private.utils.runstring'")
def numpy_runstring(a, canary):
  runner = a.name("numpy.testing._private.utils", "runstring")
  return a.file(runner + a.tuple(a.text(source(canary)), b"}") + b"R")


@attack("array type 'O'")
def object_array_with_a_pickle_inside(a, canary):
  inner = a.tuple(a.name("os", "system") + touch(a, canary) + b"R")
  dtype = a.name("numpy", "dtype") + a.plain(("O", False, True)) + b"R"
  dtype += a.plain((3, "|", None, None, None, -1, -1, 63)) + b"b"
  start = a.name("numpy.core.multiarray", "_reconstruct")
  start += a.tuple(a.name("numpy", "ndarray"), a.tuple(b"K\x00"), a.data(b"b")) + b"R"
  return a.file(
    start + a.tuple(b"K\x01", a.tuple(b"K\x01"), dtype, b"\x89", b"](" + inner + b"e") + b"b"
  )


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_is_refused_and_runs_nothing(name, assembler, write, canary, nothing_executed):
  reason, make = ATTACKS[name]
  path = write(make(assembler(), canary))
  with nothing_executed(), pytest.raises(UnsafePickleError) as caught:
    read_network_pickle(path)
  message = str(caught.value)
  assert message.startswith(f"{path}: it ")
  assert reason in message
  assert "nothing was executed; get the file anew" in message
  assert "\n" not in message


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_is_real(name, assembler, write, canary):
  """The same file does run its command where it is simply unpickled (else the test above is void)."""
  path = write(ATTACKS[name][1](assembler(), canary))
  code = "import pickle, sys; pickle.load(open(sys.argv[1], 'rb'))"
  subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, timeout=300)
  for _ in range(6000):  # a started process may outlive the unpickler
    if canary.exists():
      return
    time.sleep(0.01)
  pytest.fail("the attack does nothing")
