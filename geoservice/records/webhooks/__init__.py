"""Standing orders of other systems, and the ledger of what was sent to each."""
