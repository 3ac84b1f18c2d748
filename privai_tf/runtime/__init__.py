"""What every stage needs from the machine: compilation policy, fixed shapes, safe files, progress."""
