"""Scenarios, and the builder that makes sample bundles from them."""
