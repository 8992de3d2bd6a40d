"""Audits: questions to the teacher about answers that the surrogate gave."""
