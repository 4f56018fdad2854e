"""claude-evidence: forensic evidence of Claude Desktop failures, from host to report."""
