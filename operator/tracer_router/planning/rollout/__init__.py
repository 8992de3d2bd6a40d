"""The rollout: shadow, steps, live, rollback."""
