"""In a checkout: makes the folder `demo/` beside this package `privai_tf.demo`, its only name.

In a wheel that folder itself is here, see `setup.py`.
"""

import pathlib

__path__ = [str(pathlib.Path(__file__).resolve().parents[2] / "demo")]
