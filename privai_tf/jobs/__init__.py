"""A job from its inputs to what is published: small steps, each restartable."""
