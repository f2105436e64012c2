"""What starts fleetctl from a kit on a bare laptop: two files that are copied into every kit."""
