"""The exercises of lesson 09: cropping, output sizes, the block on the way up, weights at borders."""
