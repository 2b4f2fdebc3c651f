"""Bank customer research."""
