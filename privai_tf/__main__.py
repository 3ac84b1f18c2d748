"""`python -m privai_tf` is `privai`."""

import sys

from privai_tf.shell.front_door import main

if __name__ == "__main__":
  sys.exit(main())
