"""Error rates and decision times of the rollout rule and of other rules."""
