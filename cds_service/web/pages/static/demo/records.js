// Records of the chart: how each is shown in a line, and new ones made in FHIR R4.

export const SECTIONS = [
  ["Problems", ["Condition"]],
  ["Allergies", ["AllergyIntolerance"]],
  ["Devices", ["Device", "DeviceUseStatement"]],
  ["Measurements", ["Observation"]],
  ["Medications", ["MedicationRequest"]],
  ["Procedures", ["Procedure"]],
  ["Studies", ["DiagnosticReport", "ImagingStudy"]],
  ["Orders", ["ServiceRequest"]],
];

const NCIT = "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl";
const MR_STATUS = { C106045: "MR Safe", C106046: "MR Conditional", C106047: "MR Unsafe", C113844: "no MR information in the label" };
// FHIR wants a manifestation, and the form asks for none
const NOT_RECORDED = { extension: [{ url: "http://hl7.org/fhir/StructureDefinition/data-absent-reason", valueCode: "unknown" }] };
const VITAL = [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "vital-signs" }] }];

const shown = (concept) =>
  concept?.text || concept?.coding?.map((each) => each.display || each.code).find(Boolean) || "";

// Returns {label, date, detail} of a record.
export function lineOf(record) {
  const device = record.contained?.find((each) => each.resourceType === "Device");
  const label =
    shown(record.code ?? record.medicationCodeableConcept ?? record.type ?? device?.type) ||
    record.description || record.resourceType;
  const date = (
    record.onsetDateTime ?? record.effectiveDateTime ?? record.performedDateTime ??
    record.authoredOn ?? record.recordedDate ?? record.started ?? ""
  ).slice(0, 10);
  const status = shown(record.clinicalStatus) || (["active", "final", "completed"].includes(record.status) ? "" : record.status);
  const quantity = record.valueQuantity;
  const details = [
    quantity && `${quantity.comparator ?? ""}${quantity.value} ${unit(quantity.unit ?? "")}`.trim(),
    shown(record.valueCodeableConcept),
    status && status !== "active" ? status : "",
    shown(record.reaction?.[0]?.manifestation?.[0]),
    record.reaction?.[0]?.severity && `${record.reaction[0].severity} reaction`,
    ...(record.safety ?? []).flatMap((each) => each.coding ?? []).map((each) => MR_STATUS[each.code]),
  ];
  const said = label.toLowerCase();
  return { label, date, detail: details.filter((each) => each && !said.includes(String(each).toLowerCase())).join(", ") };
}

const unit = (ucum) => ({ Cel: "°C", "mm[Hg]": "mmHg", "mL/min/{1.73_m2}": "mL/min/1.73 m²" })[ucum] ?? ucum;

const coded = (system, code) => ({ coding: [{ system: `http://terminology.hl7.org/CodeSystem/${system}`, code }] });

// Returns a new record for a patient; `said` is {kind, coding, text, date, value, unit, mr, severity}.
export function newRecord(patientId, said) {
  const subject = { reference: `Patient/${patientId}` };
  const concept = said.coding
    ? { coding: [said.coding], text: said.coding.display }
    : { text: said.text };
  const base = { id: `${patientId}-added-${crypto.randomUUID().slice(0, 8)}` };
  switch (said.kind) {
    case "Condition":
      return {
        resourceType: "Condition", ...base, subject, code: concept,
        clinicalStatus: coded("condition-clinical", "active"),
        verificationStatus: coded("condition-ver-status", "confirmed"),
        onsetDateTime: said.date,
      };
    case "Temperature":
      return {
        resourceType: "Observation", ...base, status: "final", category: VITAL, subject,
        code: { coding: [{ system: "http://loinc.org", code: "8310-5", display: "Body temperature" }], text: "Body temperature" },
        effectiveDateTime: said.date,
        valueQuantity: quantity(said.value, "Cel"),
      };
    case "Observation":
      return {
        resourceType: "Observation", ...base, status: "final", subject, code: concept,
        effectiveDateTime: said.date,
        ...(said.value ? { valueQuantity: quantity(said.value, said.unit) } : {}),
      };
    case "Device":
      return {
        resourceType: "Device", ...base, status: "active", patient: subject, type: concept,
        ...(said.mr ? { safety: [{ coding: [{ system: NCIT, code: said.mr, display: MR_STATUS[said.mr] }] }] } : {}),
      };
    case "AllergyIntolerance":
      return {
        resourceType: "AllergyIntolerance", ...base, patient: subject, code: concept,
        clinicalStatus: coded("allergyintolerance-clinical", "active"),
        verificationStatus: coded("allergyintolerance-verification", "confirmed"),
        ...(said.severity ? { reaction: [{ manifestation: [NOT_RECORDED], severity: said.severity }] } : {}),
      };
    case "MedicationRequest":
      return {
        resourceType: "MedicationRequest", ...base, status: "active", intent: "order", subject,
        medicationCodeableConcept: concept, authoredOn: said.date,
      };
    default:
      return {
        resourceType: "Procedure", ...base, status: "completed", subject, code: concept,
        performedDateTime: said.date,
      };
  }
}

function quantity(value, ucum) {
  const made = { value: Number(value) };
  return ucum ? { ...made, unit: ucum, system: "http://unitsofmeasure.org", code: ucum } : made;
}
