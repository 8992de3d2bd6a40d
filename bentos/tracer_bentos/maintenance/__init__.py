"""Maintenance of a trace store: compaction, retention, and erasure.

A run can be interrupted at any step: the next run continues, and a reader sees each
record exactly once at any time.
"""
