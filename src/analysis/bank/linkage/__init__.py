"""Which records are one and the same: a probabilistic model (Fellegi and Sunter 1969) trained by Splink without labels, the
groups that follow from it, and how far both can be trusted. It knows records and fields, no bank."""
