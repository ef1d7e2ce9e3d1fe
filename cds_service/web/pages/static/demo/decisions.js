// What a clinician does with a card or with the order, and the feedback on it.

import { consult, nothingOrdered } from "./advice.js";
import { settle, showState } from "./cards.js";
import { announce, byId, element, tag } from "./elements.js";
import { applied, titleOf } from "./order.js";
import { fillForm } from "./orderform.js";
import { leavePasted, pastedDrafts, putPastedDrafts } from "./pasted.js";
import { addRecord } from "./patient.js";
import { state } from "./state.js";
import { json, post } from "./wire.js";

async function feedback(service, item) {
  const exchange = await post(`/cds-services/${service}/feedback`, {
    feedback: [{ ...item, outcomeTimestamp: new Date().toISOString() }],
  });
  try {
    json(exchange);
    return "Feedback was sent.";
  } catch (problem) {
    return `Feedback was not stored: ${problem.message}`;
  }
}

export async function accept(card, suggestion, service) {
  if (card.taken) return; // a second click on it
  card.taken = true;
  const sent = card.uuid
    ? feedback(service, { card: card.uuid, outcome: "accepted", acceptedSuggestions: [{ id: suggestion.uuid }] })
    : Promise.resolve("");
  const done = `${suggestion.label}: done.`;
  const before = state.pasted ? pastedDrafts() : state.drafts;
  const after = applied(before, suggestion.actions);
  byId("advice").focus();
  if (state.pasted) putPastedDrafts(after);
  else {
    state.drafts = after;
    fillForm();
  }
  byId("done").textContent = `${done} Sending feedback…`;
  const cards = after.length ? await consult() : [];
  if (!after.length) {
    state.asked += 1;
    nothingOrdered("The order was removed.");
    state.chosen = { procedure: null, reasons: [] };
    if (!state.pasted) fillForm();
  }
  if (cards?.length === 0 && after.length) announce(`${done} No more cards.`);
  const stored = await sent;
  // by then it may be about another order or patient: nothing is said there
  if (byId("done").textContent.startsWith(done)) byId("done").textContent = `${done} ${stored}`.trim();
}

export async function override(card, reason, comment, service) {
  const said = reason ? { reason: { code: reason.code, system: reason.system, display: reason.display } } : {};
  if (comment) said.userComment = comment;
  const title = `Overridden${reason ? `: ${reason.display ?? reason.code}` : ""}.`;
  settle(card.uuid, `${title} Sending feedback…`);
  const outcome = await feedback(service, {
    card: card.uuid,
    outcome: "overridden",
    ...(reason || comment ? { overrideReason: said } : {}),
  });
  settle(card.uuid, `${title} ${outcome}`);
}

export async function sign() {
  if (!state.drafts.length || state.signed || state.signing === state.asked) return;
  leavePasted(); // what is signed is the order in the form
  byId("done").textContent = "";
  const unchecked = element("button", { type: "button", click: finish }, "Sign without the check");
  const mine = state.asked + 1;
  state.signing = mine;
  const cards = await consult("order-sign", sign, [unchecked]);
  if (state.signing === mine) state.signing = null;
  if (cards === null) return;
  if (!cards.length) {
    await finish();
    return;
  }
  byId("advice-state").replaceChildren(
    element(
      "div",
      { class: "notice warning", "data-state": "not-signed" },
      element("p", {}, element("strong", {}, "Not signed yet: "), "there is advice on this order."),
      element("button", { type: "button", id: "sign-anyway", click: finish }, "Sign as it is"),
    ),
  );
  announce("Not signed yet: there is advice on this order.");
  byId("advice").focus();
}

async function finish() {
  const patient = state.patient;
  const orders = state.drafts.map((each) => ({ ...each, status: "active" }));
  state.signed = true;
  byId("order-fields").disabled = true;
  byId("order-status").replaceChildren(tag("Signed", "good"));
  byId("new-order").hidden = false;
  byId("cards").replaceChildren();
  showState("good", "The order is signed.", element("p", {}, orders.map(titleOf).join(", ")));
  announce("The order is signed.");
  byId("new-order").focus();
  for (const order of orders) if (state.patient === patient) await addRecord(order, { ask: false });
}
