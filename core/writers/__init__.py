"""What Shellsight writes."""
