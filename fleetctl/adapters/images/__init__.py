"""Builds system images with Debian's and RAUC's own programs; the only place that runs them."""
