"""Pure planning: from the observed state to the next changes. No I/O, no clock."""
