"""Imaging over the network: who may have an image, which one, and what a machine has to prove. Pure."""
