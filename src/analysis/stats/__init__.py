"""Statistical methods without a word of banking: arrays and frames in, arrays and frames out."""
