"""StyleGAN2 in all its forms: the paper's configurations B to F and those of StyleGAN2-ADA."""
