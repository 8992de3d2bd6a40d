"""The append-only ledgers of attempts, in the store and on one machine."""
