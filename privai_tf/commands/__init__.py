"""A room for the commands: one thin file each, with its flags, one call and an exit code.

`privai NAME` and `python -m privai_tf.NAME` run them; what they do is in the packages they are about.
"""
