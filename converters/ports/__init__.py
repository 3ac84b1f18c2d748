"""PyTorch ports of Progressive GAN and StyleGAN: the files of InterFaceGAN and genforce."""
