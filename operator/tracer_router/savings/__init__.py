"""The savings of a router."""
