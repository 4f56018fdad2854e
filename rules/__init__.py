"""The failure patterns: one Sigma file each."""
