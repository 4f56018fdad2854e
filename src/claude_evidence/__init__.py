"""claude-evidence: forensic evidence of Claude Desktop failures, from host to report."""

__version__ = "0.1.0"
