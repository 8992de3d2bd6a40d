"""What was observed, what is planned, and the roles in it."""
