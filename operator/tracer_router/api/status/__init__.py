"""The status of both kinds and their conditions."""
