"""What the service keeps for itself, rows that no layer refers to: tables and queries; never commits."""
