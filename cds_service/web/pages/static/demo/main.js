// The order-entry page: it plays an EHR.

import { acting, consult, failed } from "./advice.js";
import { showBusy } from "./cards.js";
import { recordForm } from "./chartview.js";
import { accept, override, sign } from "./decisions.js";
import { byId } from "./elements.js";
import { exchangeView, latestCall } from "./exchangeview.js";
import { FhirServer } from "./fhirserver.js";
import { glanceLine } from "./glance.js";
import { copyLink, wanted } from "./link.js";
import { chooseProcedure, fillForm, orderForm } from "./orderform.js";
import { leavePasted, sendPasted } from "./pasted.js";
import { addRecord, openPatient, removeRecord, resetChart } from "./patient.js";
import { state } from "./state.js";
import { tabs } from "./tabs.js";
import { get } from "./wire.js";

const settings = byId("demo").dataset;
let recordCodes = null;

function wire(catalogue) {
  Object.assign(acting, { accept, override, remove: removeRecord });
  orderForm(catalogue);
  exchangeView();
  tabs(byId("wire-tabs"));
  glanceLine();
  recordForm({
    codings: async () => (recordCodes ??= await get(settings.records)),
    patientId: () => state.patient.id,
    add: addRecord,
  });
  const on = (id, event, does) => byId(id).addEventListener(event, does);
  on("patient", "change", () => {
    history.pushState(null, "", location.href); // the way back to this patient and order
    openPatient(byId("patient").value);
  });
  addEventListener("popstate", openLink);
  on("reset", "click", resetChart);
  on("sign", "click", sign);
  on("copy-link", "click", (event) => copyLink(event.currentTarget));
  on("paste-form", "submit", sendPasted);
  on("use-current", "click", () => {
    const latest = latestCall();
    byId("paste").value = latest ? JSON.stringify(latest.sent, null, 2) : "";
  });
  on("leave-pasted", "click", () => {
    leavePasted();
    fillForm();
    byId("advice").focus();
    consult();
  });
  byId("patient").disabled = false;
  byId("wire").inert = false;
}

// Shows what the address asks for.
async function openLink() {
  const view = wanted();
  if (!(await openPatient(view.patient)) || !view.procedure) return;
  byId("priority").value = view.priority;
  state.chosen.reasons = view.reasons;
  chooseProcedure(view.procedure);
}

async function start() {
  showBusy("Starting…");
  try {
    const [catalogue, discovery, token] = await Promise.all([
      get(settings.catalogue),
      get("/cds-services"),
      settings.fhirServer ? get("/demo/token") : null,
    ]);
    state.procedures = new Map(catalogue.procedures.map((each) => [each.id, each]));
    state.reasons = new Map(catalogue.reasons.map((each) => [each.key, each]));
    state.templates = discovery.services.find((each) => each.id === "imaging-order-select").prefetch;
    state.server = token ? new FhirServer(settings.fhirServer, token.access_token) : null;
    wire(catalogue);
    await openLink();
  } catch (problem) {
    failed(problem, () => location.reload());
  }
}

start();
