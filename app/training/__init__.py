"""Evaluating and fine-tuning networks, in processes of their own."""
