"""Prints the conformance table as docs/networks.md shows it; the test suite runs its cells.

python -m benchmarks.conformance
"""

from benchmarks.conformance.table import markdown

if __name__ == "__main__":
  print(markdown())
