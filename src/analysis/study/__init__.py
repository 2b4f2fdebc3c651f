"""A bank's questions, answered: bank frames in, findings and exhibits out. No disk, no drawing."""
