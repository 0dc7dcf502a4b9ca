"""The panels around the views; each reads the document and asks through signals."""
