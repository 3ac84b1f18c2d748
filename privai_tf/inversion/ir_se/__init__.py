"""The encoders of e4e and pSp: an IR-SE50 with a head for each row of W+, in inference form."""
