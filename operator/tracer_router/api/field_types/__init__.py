"""Types of field values: percentages, durations, names, quantities."""
