"""What is done again and again, and when it was done last."""
