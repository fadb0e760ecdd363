"""What other systems are to hear of."""
