"""Status, conditions, and Events of a router."""
