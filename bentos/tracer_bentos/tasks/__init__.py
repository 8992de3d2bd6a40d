"""Identify the task of each request and the part of its text that is classified."""
