"""How private, how useful: the pages that a run writes, and the figures on them."""
