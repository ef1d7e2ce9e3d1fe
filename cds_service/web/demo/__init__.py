"""The order-entry page: it plays an EHR that calls this service, for people who want to see it."""
