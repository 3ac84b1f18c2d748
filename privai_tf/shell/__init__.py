"""The front door for the shell: `privai NAME ...` is the command NAME with the same flags."""
