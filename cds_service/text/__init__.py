"""Clinical text: what it mentions and how far it asserts that; which study an order names."""
