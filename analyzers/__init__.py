"""Tables to report: rules, matching, correlation, joins, timeline, ledger."""
