"""Anytime-valid statistics: rollout verdicts, guards, and drift detection."""
