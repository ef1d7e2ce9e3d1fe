// The patient whose chart is open, and changes of the chart.

import { consult, draw, failed, nothingOrdered } from "./advice.js";
import { showBusy } from "./cards.js";
import { byId, element } from "./elements.js";
import { nameOf } from "./order.js";
import { fillForm, startOrder, tryOrder } from "./orderform.js";
import { state } from "./state.js";
import { get } from "./wire.js";

export async function openPatient(id) {
  state.opened += 1;
  const mine = state.opened;
  state.asked += 1;
  byId("patient-state").replaceChildren(element("span", { class: "busy" }, "Opening the chart…"));
  // till then nothing can be done to the patient before, whose name is no longer chosen
  showBusy("Opening the chart…");
  byId("tries").replaceChildren();
  byId("order-fields").disabled = true;
  byId("new-order").hidden = true;
  byId("chart-panel").inert = true;
  try {
    const found = await get(`/demo/charts/${encodeURIComponent(id)}`);
    const records = state.server ? await state.server.chart(id) : found.resources;
    if (mine !== state.opened) return false;
    [state.patient, state.chart] = [found, records];
  } catch (problem) {
    if (mine === state.opened) notOpened(id, problem);
    return false;
  }
  state.changed = false;
  byId("chart-panel").inert = false;
  byId("chart-note").textContent = "";
  byId("record-problem").textContent = "";
  byId("patient-state").replaceChildren(state.patient.sentence);
  byId("patient").value = id;
  const person = state.chart.find((each) => each.resourceType === "Patient") ?? {};
  const age = new Date().getFullYear() - Number((person.birthDate ?? "").slice(0, 4));
  byId("patient-facts").textContent = `${person.name?.[0]?.text ?? ""}, ${person.gender ?? ""}, ${age} years`;
  byId("tries").replaceChildren(
    ...state.patient.orders.map((order) =>
      element(
        "li",
        {},
        element(
          "button",
          { type: "button", class: "compact", "data-try": order.procedure, click: () => tryOrder(order) },
          order.text || state.procedures.get(order.procedure)?.title || order.procedure,
          order.priority !== "routine" ? ` (${order.priority})` : "",
        ),
      ),
    ),
  );
  startOrder();
  nothingOrdered();
  return true;
}

// Without a chart nothing can be ordered or checked.
function notOpened(id, problem) {
  [state.patient, state.chart, state.drafts] = [null, [], []];
  byId("patient-state").replaceChildren();
  byId("tries").replaceChildren();
  byId("chart").replaceChildren();
  byId("patient-facts").textContent = "";
  byId("order-fields").disabled = true;
  byId("chart-panel").inert = true;
  fillForm();
  failed(problem, () => openPatient(id), [], "The chart could not be opened: nothing can be checked.");
}

// Does what `write` says to the chart, and shows it; what cannot be written is told and changes
// nothing here. By then the chart of another patient may be open, in which nothing is shown.
async function writing(write, show = () => {}) {
  const patient = state.patient;
  const isOpen = () => state.patient === patient;
  byId("chart-panel").setAttribute("aria-busy", "true");
  byId("record-problem").textContent = "";
  byId("chart-note").replaceChildren(element("span", { class: "busy" }, "Writing to the chart…"));
  try {
    await write();
    if (isOpen()) show();
  } catch (problem) {
    if (isOpen()) byId("chart-note").textContent = "";
    byId("record-problem").textContent = `The chart${isOpen() ? "" : ` of ${patient.name}`} was not changed. ${problem.message}`;
  }
  byId("chart-panel").setAttribute("aria-busy", "false");
}

export const addRecord = (record, { ask = true } = {}) =>
  writing(
    () => state.server?.put(record),
    () => {
      state.chart.push(record);
      chartChanged(ask);
    },
  );

export const removeRecord = (record) =>
  writing(
    () => state.server?.remove(record),
    () => {
      state.chart = state.chart.filter((each) => each !== record);
      byId("chart-panel").focus();
      chartChanged(true);
    },
  );

function chartChanged(ask) {
  state.changed = true;
  byId("chart-note").textContent = state.server ? "Changed on the FHIR server." : "Changed in this page only.";
  draw(new Map(), new Map());
  if (ask && state.drafts.length && !state.signed && !state.pasted) consult();
}

export const resetChart = () =>
  writing(async () => {
    const found = await get(`/demo/charts/${encodeURIComponent(state.patient.id)}`);
    if (state.server) {
      const kept = new Set(found.resources.map(nameOf));
      for (const record of state.chart) if (!kept.has(nameOf(record))) await state.server.remove(record);
      for (const record of found.resources) await state.server.put(record);
    }
    const opened = await openPatient(state.patient.id);
    if (opened) byId("chart-note").textContent = "As it was written.";
    byId(opened ? "chart-panel" : "advice").focus();
  });
