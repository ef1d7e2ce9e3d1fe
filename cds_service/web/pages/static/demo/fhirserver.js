// The FHIR server behind the page, where there is one: the page reads and changes the chart there,
// and the advisor is told where it is instead of being sent a prefetch.

import { CallFailed, get } from "./wire.js";

const KINDS =
  "Patient Condition Observation MedicationRequest Procedure Device DeviceUseStatement AllergyIntolerance DiagnosticReport ImagingStudy ServiceRequest".split(
    " ",
  );

export class FhirServer {
  constructor(base, token) {
    this.base = base;
    this.token = token;
  }

  get headers() {
    return { Authorization: `Bearer ${this.token}` };
  }

  // What goes into a call of the advisor (CDS Hooks 2.0.1, Providing FHIR Resources to a CDS Service).
  access(patientId) {
    return {
      fhirServer: this.base,
      fhirAuthorization: {
        access_token: this.token,
        token_type: "Bearer",
        expires_in: 300,
        scope: "patient/*.read",
        subject: "imaging-order-advisor",
        patient: patientId,
      },
    };
  }

  async chart(patientId) {
    const reads = KINDS.map((kind) =>
      kind === "Patient"
        ? get(`${this.base}/Patient/${patientId}`, this.headers).then((found) => [found])
        : get(
            `${this.base}/${kind}?patient=Patient/${patientId}&_count=200`,
            this.headers,
          ).then((bundle) => (bundle.entry ?? []).map((entry) => entry.resource)),
    );
    return (await Promise.all(reads)).flat();
  }

  async put(resource) {
    await this.#write("PUT", `${resource.resourceType}/${resource.id}`, resource);
  }

  async remove(resource) {
    await this.#write("DELETE", `${resource.resourceType}/${resource.id}`);
  }

  async #write(method, path, resource) {
    let response;
    try {
      response = await fetch(`${this.base}/${path}`, {
        method,
        headers: { ...this.headers, "Content-Type": "application/fhir+json" },
        body: resource && JSON.stringify(resource),
      });
    } catch {
      throw new CallFailed("No connection to the FHIR server.");
    }
    if (!response.ok) throw new CallFailed(`The FHIR server answered HTTP ${response.status}.`);
  }
}
