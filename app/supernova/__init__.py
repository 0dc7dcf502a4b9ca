"""New supernova: simulated on the spot, in a process of its own."""
