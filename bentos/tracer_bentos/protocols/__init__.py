"""What the data plane understands of each protocol; everything else passes through."""
