"""Pure planning: what was observed → what to do next. No I/O, no clock, no kopf."""
