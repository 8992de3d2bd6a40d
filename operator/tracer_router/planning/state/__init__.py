"""Observed state, plan, roles of revisions, and requests of users."""
