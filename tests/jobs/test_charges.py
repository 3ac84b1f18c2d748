"""`charges.csv`: every charge once, whatever was half-written."""

import csv

import pytest

from privai_tf.errors import OutputError
from privai_tf.jobs.charges import COLUMNS, ChargeBook
from privai_tf.privacy.ledger import Charge, Remaining


def _charge(number, subject="ada"):
  left = Remaining(
    subject=subject,
    epsilon=2.5 - number / 4,
    delta=0.0,
    spent_epsilon=0.5 + number / 4,
    spent_delta=0.0,
    budget_epsilon=3.0,
    budget_delta=0.0,
    composition="basic",
    releases=number + 1,
  )
  return f"photo {number}, a", Charge(subject, f"id{number}", 0.25, 0.0, False, left)


def _rows(path):
  with open(path, newline="") as file:
    return list(csv.DictReader(file))


def test_a_line_a_charge_with_what_is_spent_and_left(tmp_path):
  path = tmp_path / "charges.csv"
  book = ChargeBook(path)
  book.write([])
  assert not path.exists()
  book.write([_charge(0), _charge(1)])
  book.write([_charge(2)])
  assert path.stat().st_mode & 0o777 == 0o600
  rows = _rows(path)
  assert tuple(rows[0]) == COLUMNS
  assert [row["name"] for row in rows] == ["photo 0, a", "photo 1, a", "photo 2, a"]
  assert [row["spent_epsilon"] for row in rows] == ["0.5", "0.75", "1.0"]
  assert [row["left_epsilon"] for row in rows] == ["2.5", "2.25", "2.0"]
  assert {row["epsilon"] for row in rows} == {"0.25"}


@pytest.mark.parametrize("kept", [0, 20, 150, 190])
def test_what_a_killed_process_wrote_is_completed_and_not_repeated(tmp_path, kept):
  path, whole = tmp_path / "charges.csv", tmp_path / "whole.csv"
  charges = [_charge(number) for number in range(3)]
  ChargeBook(whole).write(charges)
  path.write_bytes(whole.read_bytes()[:kept])
  ChargeBook(path).write(charges)  # Paid again, for nothing.
  assert path.read_bytes() == whole.read_bytes()
  ChargeBook(path).write(charges)
  assert path.read_bytes() == whole.read_bytes()


def test_a_folder_in_its_place_is_one_line(tmp_path):
  (tmp_path / "charges.csv").mkdir()
  with pytest.raises(OutputError, match=r"charges\.csv"):
    ChargeBook(tmp_path / "charges.csv")
