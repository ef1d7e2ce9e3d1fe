"""Reading FHIR JSON as real clients send it: codes, dates, quantities, references, orders."""
