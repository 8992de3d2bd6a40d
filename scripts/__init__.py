"""Programs of the Makefile and the demo; no package of ours imports them."""
