"""Status and conditions of a router."""
