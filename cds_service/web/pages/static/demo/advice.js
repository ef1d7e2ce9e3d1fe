// Asking the advisor, and showing what it answered, or that it did not.

import { bySeverity, clearState, drawCards, showBusy, showState } from "./cards.js";
import { drawChart } from "./chartview.js";
import { announce, byId, element } from "./elements.js";
import { glance } from "./glance.js";
import { nameOf } from "./order.js";
import { prefetch } from "./prefetch.js";
import { showRemarks } from "./remarks.js";
import { state } from "./state.js";
import { drawWhy, meanings } from "./why.js";
import { CallFailed, json, post } from "./wire.js";

// What is done when a clinician acts on a card or on a record; set at the start.
export const acting = { accept: null, override: null, remove: null };

function request(hook) {
  if (state.pasted) {
    const pasted = structuredClone(state.pasted);
    // what it lacks must be missed; what it has is made anew, for each call is one of its own
    return "hookInstance" in pasted ? { ...pasted, hookInstance: crypto.randomUUID() } : pasted;
  }
  const selections = state.drafts.map(nameOf);
  return {
    hook,
    hookInstance: crypto.randomUUID(),
    ...(state.server ? state.server.access(state.patient.id) : {}),
    context: {
      userId: "Practitioner/demo-clinician",
      patientId: state.patient.id,
      ...(hook === "order-select" ? { selections } : {}),
      draftOrders: {
        resourceType: "Bundle",
        type: "collection",
        entry: state.drafts.map((resource) => ({ resource })),
      },
    },
    ...(state.server ? {} : { prefetch: prefetch(state.templates, state.chart, state.patient.id) }),
  };
}

const serviceFor = (hook) => (hook === "order-sign" ? "imaging-order-sign" : "imaging-order-select");

// Asks about the draft orders and shows the answer; returns the cards, or null if there is no
// answer to rely on: then `again` is offered, and the buttons `otherwise`.
export async function consult(hook = "order-select", again = () => consult(hook), otherwise = []) {
  if (!state.pasted && !state.drafts.length) {
    state.asked += 1;
    nothingOrdered();
    return [];
  }
  state.asked += 1;
  const mine = state.asked;
  showBusy(hook === "order-sign" ? "Checking before signing…" : "Asking the advisor…");
  const body = request(hook);
  const service = serviceFor(body.hook);
  const exchange = await post(`/cds-services/${service}`, body);
  if (mine !== state.asked) return null;
  try {
    const answer = json(exchange);
    if (!Array.isArray(answer.cards)) throw new CallFailed("The answer has no cards.");
    const cards = bySeverity(answer.cards);
    const trees = await detailTrees(cards);
    if (mine !== state.asked) return null;
    showCards(cards, trees, service, exchange);
    explain(body, mine, cards);
    return cards;
  } catch (problem) {
    if (mine === state.asked) failed(problem, again, otherwise);
    return null;
  }
}

async function detailTrees(cards) {
  if (!cards.length) return [];
  const exchange = await post("/demo/markdown", { texts: cards.map((card) => card.detail ?? "") }, { kept: false });
  return json(exchange).trees;
}

function showCards(cards, trees, service, exchange) {
  clearState();
  byId("cards").replaceChildren(
    ...drawCards(cards, trees, {
      accept: (card, suggestion) => acting.accept(card, suggestion, service),
      override: (card, reason, comment) => acting.override(card, reason, comment, service),
    }),
  );
  const time = `${Math.round(exchange.milliseconds)} ms`;
  byId("advice-time").textContent = `answered in ${time}`;
  if (!cards.length) {
    showState("good", "The advisor has nothing to add to this order.", element("p", { id: "not-checked", class: "small" }));
    announce("No cards.");
    return;
  }
  const counts = ["critical", "warning", "info"]
    .map((kind) => [cards.filter((card) => card.indicator === kind).length, kind])
    .filter(([count]) => count)
    .map(([count, kind]) => `${count} ${kind}`);
  const said = `${cards.length === 1 ? "One card" : `${cards.length} cards`}: ${counts.join(", ")}.`;
  announce(said);
  glance(said, cards[0].indicator);
}

export function failed(problem, again, otherwise = [], title = "No answer: this order was not checked.") {
  if (!(problem instanceof CallFailed)) console.error(problem);
  const retry = () => {
    byId("advice").focus(); // the button is about to go
    again();
  };
  byId("cards").replaceChildren();
  byId("advice-time").textContent = "";
  const said = problem instanceof CallFailed ? problem.message : "The page failed to show the answer.";
  showState(
    "critical",
    title,
    element("p", {}, said),
    element(
      "div",
      { class: "actions" },
      element("button", { type: "button", id: "retry", click: retry }, "Try again"),
      otherwise,
    ),
  );
  announce(`${title} ${said}`);
  clearWhy("There is no trace: the call failed.");
  draw(new Map(), new Map());
}

export function nothingOrdered(title = "Choose a study.") {
  byId("cards").replaceChildren();
  byId("advice-time").textContent = "";
  showState("", title, element("p", { class: "muted" }, "The advisor is asked as soon as a study is chosen."));
  glance(""); // there is no advice to lead to
  clearWhy("Nothing was asked yet.");
  draw(new Map(), new Map());
}

async function explain(body, mine, cards) {
  byId("why").replaceChildren(element("p", { class: "busy" }, "Tracing how this came about…"));
  try {
    const found = json(await post("/demo/explanation", body, { kept: false }));
    if (mine !== state.asked) return;
    showRemarks(found.remarks);
    if (!found.trace) {
      clearWhy(found.refusal);
      return;
    }
    byId("why").replaceChildren(...drawWhy(found.trace));
    const { fired, read } = meanings(found.trace);
    draw(fired, read);
    const missing = [...new Set(found.trace.orders.flatMap((order) => order.notChecked))];
    if (!cards.length && byId("not-checked")) {
      byId("not-checked").textContent = missing.length ? `Not available to this check: ${missing.join(", ")}.` : "";
    }
  } catch (problem) {
    if (mine === state.asked) clearWhy(`The trace could not be had. ${problem.message}`);
  }
}

function clearWhy(text) {
  byId("why").replaceChildren(element("p", { class: "muted" }, text));
}

export function draw(fired, read) {
  drawChart(state.chart, fired, read, acting.remove);
}
