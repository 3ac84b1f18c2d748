"""StyleGAN3-T and -R: features that move with the image, not with the pixels."""
