"""HTTP calls to the teacher, and to the candidate pods in a sticky split."""
