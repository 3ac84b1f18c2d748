#!/usr/bin/env bash
# Found 2026-11-28, Keras 3.15.1, Python 3.11 (with scikit-learn 1.9.1, matplotlib 3.11.2, pandas 3.1.1).
#
# `import keras` (and so `import tensorflow`, which imports it) loads all of scikit-learn's base,
# scipy.stats, matplotlib.pyplot and pandas as soon as these happen to be installed, for its scikit-learn
# wrappers, its picture galleries and its data adapters, whether anybody uses those or not. Installing an
# unrelated plotting library makes every start of every Keras program slower; beside TensorFlow 2.21 it
# is a third of the import's processor time (7.1 s against 5.0 s on the machine where it was found).
# Guess before: optional packages are loaded by the wrapper that needs them, when it is first used.
# What to do: a program that needs none of them can set sys.modules[name] = None while it imports Keras
# and delete the entry afterwards; Keras takes that for "not installed", and the program's own later
# imports work as ever.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  keras==3.15.1 jax==0.8.1 numpy==2.4.6 scikit-learn==1.9.1 scipy==1.17.1 matplotlib==3.11.2 pandas==3.1.1
cat > "$folder/program.py" <<'PYTHON'
import sys
import time

OPTIONAL = ("sklearn", "matplotlib", "pandas")
hidden = OPTIONAL if sys.argv[1] == "hidden" else ()
sys.modules.update(dict.fromkeys(hidden))
start = time.process_time()
import keras  # noqa: E402

seconds = time.process_time() - start
for name in hidden:
  del sys.modules[name]
loaded = [n for n in (*OPTIONAL, "scipy.stats", "matplotlib.pyplot") if n in sys.modules]
print(f"{seconds:.2f}", *loaded)
import sklearn.linear_model  # noqa: E402  Works either way.

keras.layers.Dense(2)(keras.ops.ones((1, 3)))
PYTHON
export KERAS_BACKEND=jax
seen=$("$folder/venv/bin/python" "$folder/program.py" seen)
hidden=$("$folder/venv/bin/python" "$folder/program.py" hidden)
echo "seconds and packages loaded by 'import keras', as installed:      $seen"
echo "the same with the three taken for absent meanwhile:               $hidden"
for name in sklearn matplotlib.pyplot pandas scipy.stats; do
  grep -qw "$name" <<< "$seen" || { echo "Changed: $name is no longer loaded."; exit 1; }
  if grep -qw "$name" <<< "$hidden"; then echo "Changed: $name is loaded all the same."; exit 1; fi
done
echo "As found."
