"""What the clinical content covers, computed from the documents: for review, never for advice."""
