"""What the parts of a card and of the trace are called: sources, records, ratings, priorities."""

from cds_service.content.model import Rating
from cds_service.content.phrasebook import phrase

SOURCES = {
    "Patient": phrase("source-birth-date"),
    "Condition": phrase("source-conditions"),
    "Observation": phrase("source-observations"),
    "MedicationRequest": phrase("source-medications"),
    "Procedure": phrase("source-procedures"),
    "Device": phrase("source-devices"),
    "DeviceUseStatement": phrase("source-device-use"),
    "AllergyIntolerance": phrase("source-allergies"),
    "DiagnosticReport": phrase("source-reports"),
    "ImagingStudy": phrase("source-studies"),
    "ServiceRequest": phrase("source-orders"),
}
"""What a clinician calls each source."""

UNREAD = {**SOURCES, "ServiceRequest": phrase("source-order-text")}
"""What a card calls what was not read to the end: of orders, the one in question."""

RATINGS = {
    Rating.USUALLY_APPROPRIATE: phrase("rating-usually-appropriate"),
    Rating.MAY_BE_APPROPRIATE: phrase("rating-may-be-appropriate"),
    Rating.MAY_BE_APPROPRIATE_DISAGREEMENT: phrase("rating-disagreement"),
    Rating.USUALLY_NOT_APPROPRIATE: phrase("rating-usually-not-appropriate"),
}
"""The categories of the guideline."""

PRIORITIES = {
    "": phrase("priority-not-stated"),
    "routine": phrase("priority-routine"),
    "urgent": phrase("priority-urgent"),
    "asap": phrase("priority-asap"),
    "stat": phrase("priority-stat"),
}
"""How urgent an order is."""

RECORDS = {
    "Condition": phrase("record-condition"),
    "Observation": phrase("record-observation"),
    "MedicationRequest": phrase("record-medication-request"),
    "MedicationStatement": phrase("record-medication-statement"),
    "Procedure": phrase("record-procedure"),
    "Device": phrase("record-device"),
    "DeviceUseStatement": phrase("record-device-use"),
    "AllergyIntolerance": phrase("record-allergy"),
    "ServiceRequest": phrase("record-order"),
}
"""What a record is called that carries no words of its own."""
