"""Opening: files, formats, units, and the cube that is cut out of a snapshot."""
