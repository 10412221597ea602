"""Every screen of both windows as a picture, and what a machine can say against them."""
