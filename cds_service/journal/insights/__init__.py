"""What the journal shows of a period: counts and rates, never a patient, an order or a comment."""
