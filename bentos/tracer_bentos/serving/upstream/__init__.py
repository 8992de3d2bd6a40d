"""The way to the teacher, and to the candidate in a sticky split."""
