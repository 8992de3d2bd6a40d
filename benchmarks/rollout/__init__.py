"""How often the rollout rule errs, how soon it decides, and how others do."""
