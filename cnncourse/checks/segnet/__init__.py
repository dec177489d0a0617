"""The exercises of lesson 08: stages of SegNet's encoder and decoder, and weights for rare classes."""
