"""Types of field values: percentages, durations, names, and quantities."""
