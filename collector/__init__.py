"""Host to bundle: what to acquire, and how."""
