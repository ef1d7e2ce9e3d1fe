"""The clinical content as FHIR R4 resources, for terminology servers and other engines."""
