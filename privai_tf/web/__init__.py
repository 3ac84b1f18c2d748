"""The page for people: `python -m privai_tf.web`. Needs the extra `web`; see docs/web.md."""
