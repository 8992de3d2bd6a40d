"""Evaluation of candidates and live revisions: promotion, rollback, and drift."""
