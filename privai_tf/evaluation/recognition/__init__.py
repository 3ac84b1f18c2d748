"""Whose face is it? Releases are matched to a gallery of originals, as somebody who knows them would.

    recognizer = load_recognizer("dlib")                 # pictures -> who it is, in numbers
    scores = gallery_scores(recognizer, released, originals, size=10)
    figures = identification(scores)                     # rank-1 and AUC with 99% intervals
    identification_bound(epsilon, 0.0, size=10)          # what no attacker exceeds

Few, easily told identities a gallery, never a huge hard one: failing to find one face among a million
says little about privacy.
"""
