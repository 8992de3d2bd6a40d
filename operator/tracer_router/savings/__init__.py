"""What the router saved."""
