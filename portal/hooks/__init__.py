"""Hooks: where carriers report and phones' texts arrive. A signature is checked, the raw event kept once."""
