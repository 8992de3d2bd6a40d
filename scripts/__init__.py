"""Programs of the Makefile and the demo; no package of the project imports them."""
