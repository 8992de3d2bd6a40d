"""Evidence of pods, folded into totals."""
