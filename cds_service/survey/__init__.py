"""The advisor tried on whole sets of FHIR records: what it makes of them, and whether it holds."""
