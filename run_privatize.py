"""Hides an attribute of faces, with a stated differential-privacy guarantee.

  python run_privatize.py --input=photo.png --attribute=smile --epsilon=1 --output_dir=out

Without --input, avatar portraits are rendered afresh and privatized: the demo.
"""

from absl import flags

from privai_tf.commands import privatize
from privai_tf.runtime import command

flags.adopt_module_key_flags(privatize)

if __name__ == "__main__":
  command.run(privatize.main)
