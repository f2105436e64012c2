"""Imaging over the network: images cut into chunks, the imager's RAM disk, the HTTP server."""
