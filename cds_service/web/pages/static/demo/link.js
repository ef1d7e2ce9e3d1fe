// The address of what is shown: ids of the demo and of the content, never anything of a chart.

import { byId } from "./elements.js";
import { copy } from "./copy.js";
import { PRIORITIES } from "./order.js";
import { state } from "./state.js";

export function remember() {
  const url = new URL("/demo", location.origin);
  if (state.patient) url.searchParams.set("patient", state.patient.id);
  if (state.chosen.procedure && state.drafts.length) {
    url.searchParams.set("order", state.chosen.procedure.id);
    for (const [key, { coding }] of state.reasons) if (state.chosen.reasons.includes(coding)) url.searchParams.append("reason", key);
    if (state.drafts[0].priority !== "routine") url.searchParams.set("priority", state.drafts[0].priority);
  }
  history.replaceState(null, "", url);
}

// Copies the address, and says what of the view is not in it.
export function copyLink(button) {
  const left = [
    byId("reason-words").value || byId("order-text").value ? "words" : "",
    state.changed ? "changes of the chart" : "",
    state.pasted ? "the pasted request" : "",
  ].filter(Boolean);
  return copy(location.href, button, left.length ? `Copied, without ${left.join(", ")}` : "Copied");
}

// Returns what the address asks for: {patient, procedure, reasons, priority}; unknown ids count for
// nothing, and without a patient it is the first.
export function wanted() {
  const asked = new URLSearchParams(location.search);
  const known = [...byId("patient").options].map((option) => option.value);
  return {
    patient: known.includes(asked.get("patient")) ? asked.get("patient") : known[0],
    procedure: state.procedures.get(asked.get("order")),
    reasons: asked.getAll("reason").map((key) => state.reasons.get(key)?.coding).filter(Boolean),
    priority: PRIORITIES.includes(asked.get("priority")) ? asked.get("priority") : "routine",
  };
}
