"""What a release costs: pictures compared face by face, and whole sets of them.

    utility_figures(originals, released, scorer=scorer)   # {"psnr_db": [n], "ms_ssim": [n], ...}
    kernel_distance(features, other_features)             # KID on features at hand

Everything here compares with the originals, so it is for the owner, or for generated faces.
"""
