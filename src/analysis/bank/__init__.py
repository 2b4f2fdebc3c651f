"""From a bank's raw files to canonical tables and features: knows files, engines and contracts."""
