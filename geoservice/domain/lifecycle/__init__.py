"""From report to rating: the steps that an incident may take, who may take them, and how that is drawn."""
