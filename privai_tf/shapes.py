"""The arrays that public functions take and give, by shape and range, for their signatures.

n: how many; d: numbers of a code; L: rows of a W+ code; R: the generator's side in pixels; C: its
colour channels. To a type checker, and as the program runs, each is a NumPy array.
"""

from typing import Annotated

import numpy as np

FlatCodes = Annotated[np.ndarray, "float [n, d], codes of Z or W"]
Codes = Annotated[np.ndarray, "float [n, d], codes of Z or W, or [n, L, d], of W+"]
Images = Annotated[np.ndarray, "float [n, R, R, C], nominal range [-1, 1]"]
