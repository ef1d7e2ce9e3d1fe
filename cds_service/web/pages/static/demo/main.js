// The order-entry page: it plays an EHR. What it knows lives here, in the page, and nowhere else.

import { bySeverity, clearState, drawCards, settle, showBusy, showState } from "./cards.js";
import { drawChart, recordForm } from "./chartview.js";
import { combobox } from "./combobox.js";
import { announce, byId, element, tag } from "./elements.js";
import { FhirServer } from "./fhirserver.js";
import { PRIORITIES, applied, nameOf, newOrder, setProcedure, setReasons, titleOf } from "./order.js";
import { prefetch } from "./prefetch.js";
import { searcher } from "./search.js";
import { tabs } from "./tabs.js";
import { CallFailed, asCurl, exchanges, get, json, onExchange, post } from "./wire.js";
import { drawWhy, meanings } from "./why.js";

const SELECT = "imaging-order-select";
const SIGN = "imaging-order-sign";
const settings = byId("demo").dataset;

let procedures = new Map();
let reasons = new Map();
let templates = {};
let server = null; // the FHIR server behind the page, or null
let recordCodes = null;

let patient = null; // {id, name, sentence, orders}
let chart = [];
let drafts = []; // the first is the one in the form
let chosen = { procedure: null, reasons: [] };
let pasted = null; // a request that was pasted, or null
let signed = false;
let opened = 0; // number of the patient opened last
let asked = 0; // number of the latest question: an answer to an earlier one is dropped

// --- asking the advisor ---------------------------------------------------------------------------

function request(hook) {
  if (pasted) return { ...structuredClone(pasted), hookInstance: crypto.randomUUID() };
  const selections = drafts.map(nameOf);
  return {
    hook,
    hookInstance: crypto.randomUUID(),
    ...(server ? server.access(patient.id) : {}),
    context: {
      userId: "Practitioner/demo-clinician",
      patientId: patient.id,
      ...(hook === "order-select" ? { selections } : {}),
      draftOrders: {
        resourceType: "Bundle",
        type: "collection",
        entry: drafts.map((resource) => ({ resource })),
      },
    },
    ...(server ? {} : { prefetch: prefetch(templates, chart, patient.id) }),
  };
}

const serviceFor = (hook) => (hook === "order-sign" ? SIGN : SELECT);

// Asks about the draft orders and shows the answer; returns the cards, or null if there is no
// answer to rely on: then `again` is offered, and the buttons `otherwise`.
async function consult(hook = "order-select", again = () => consult(hook), otherwise = []) {
  if (!pasted && !drafts.length) {
    asked += 1;
    nothingOrdered();
    return [];
  }
  asked += 1;
  const mine = asked;
  showBusy(hook === "order-sign" ? "Checking before signing…" : "Asking the advisor…");
  const body = request(hook);
  const service = serviceFor(body.hook);
  const exchange = await post(`/cds-services/${service}`, body);
  if (mine !== asked) return null;
  try {
    const answer = json(exchange);
    if (!Array.isArray(answer.cards)) throw new CallFailed("The answer has no cards.");
    const cards = bySeverity(answer.cards);
    const trees = await detailTrees(cards);
    if (mine !== asked) return null;
    showCards(cards, trees, service, exchange);
    explain(body, mine, cards);
    return cards;
  } catch (problem) {
    if (mine === asked) failed(problem, again, otherwise);
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
      accept: (card, suggestion) => accept(card, suggestion, service),
      override: (card, reason, comment) => override(card, reason, comment, service),
    }),
  );
  performance.mark("cards-shown");
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
  announce(`${cards.length === 1 ? "One card" : `${cards.length} cards`}: ${counts.join(", ")}.`);
}

function failed(problem, again, otherwise = [], title = "No answer: this order was not checked.") {
  if (!(problem instanceof CallFailed)) console.error(problem);
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
      element("button", { type: "button", id: "retry", click: () => again() }, "Try again"),
      otherwise,
    ),
  );
  announce(`${title} ${said}`);
  clearWhy("There is no trace: the call failed.");
}

function nothingOrdered(title = "Choose a study.") {
  byId("cards").replaceChildren();
  byId("advice-time").textContent = "";
  showState("", title, element("p", { class: "muted" }, "The advisor is asked as soon as a study is chosen."));
  clearWhy("Nothing was asked yet.");
  draw(new Map(), new Map());
}

// --- how the answer came about --------------------------------------------------------------------

async function explain(body, mine, cards) {
  try {
    const found = json(await post("/demo/explanation", body, { kept: false }));
    if (mine !== asked) return;
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
    if (mine === asked) clearWhy(`The trace could not be had. ${problem.message}`);
  }
}

function clearWhy(text) {
  byId("why").replaceChildren(element("p", { class: "muted" }, text));
}

function draw(fired, read) {
  drawChart(chart, fired, read, removeRecord);
}

// --- what a clinician does with a card ------------------------------------------------------------

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

async function accept(card, suggestion, service) {
  const sent = card.uuid
    ? feedback(service, { card: card.uuid, outcome: "accepted", acceptedSuggestions: [{ id: suggestion.uuid }] })
    : Promise.resolve("");
  const before = pasted ? pastedDrafts() : drafts;
  const after = applied(before, suggestion.actions);
  byId("advice").focus();
  if (pasted) putPastedDrafts(after);
  else {
    drafts = after;
    fillForm();
  }
  const cards = after.length ? await consult() : [];
  if (!after.length) {
    asked += 1;
    nothingOrdered("The order was removed.");
    chosen = { procedure: null, reasons: [] };
    if (!pasted) fillForm();
  }
  byId("done").textContent = `${suggestion.label}: done. ${await sent}`;
  if (cards?.length === 0 && after.length) announce(`${suggestion.label}: done. No more cards.`);
}

async function override(card, reason, comment, service) {
  const said = reason ? { reason: { code: reason.code, system: reason.system, display: reason.display } } : {};
  if (comment) said.userComment = comment;
  const outcome = await feedback(service, {
    card: card.uuid,
    outcome: "overridden",
    ...(reason || comment ? { overrideReason: said } : {}),
  });
  settle(card.uuid, `Overridden${reason ? `: ${reason.display ?? reason.code}` : ""}. ${outcome}`);
}

async function sign() {
  const unchecked = element("button", { type: "button", click: finish }, "Sign without the check");
  const cards = await consult("order-sign", sign, [unchecked]);
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
  byId("advice").focus();
}

async function finish() {
  const orders = drafts.map((each) => ({ ...each, status: "active" }));
  signed = true;
  byId("order-fields").disabled = true;
  byId("order-status").replaceChildren(tag("Signed", "good"));
  byId("new-order").hidden = false;
  byId("cards").replaceChildren();
  showState("good", "The order is signed.", element("p", {}, orders.map(titleOf).join(", ")));
  announce("The order is signed.");
  byId("new-order").focus();
  for (const order of orders) await addRecord(order, { ask: false });
}

// --- the order ------------------------------------------------------------------------------------

function chooseProcedure(procedure, text = "") {
  chosen.procedure = procedure;
  if (!drafts.length) drafts = [newOrder(patient.id)];
  setProcedure(drafts[0], procedure, text);
  drafts[0].priority = byId("priority").value;
  setReasons(drafts[0], chosen.reasons, byId("reason-words").value.trim());
  changed();
}

// The order was changed in the form: show it, and ask.
function changed() {
  leavePasted();
  byId("done").textContent = "";
  fillForm();
  return consult();
}

function fillForm() {
  const order = drafts[0];
  byId("procedure").value = order ? titleOf(order) : "";
  byId("priority").value = order && PRIORITIES.includes(order.priority) ? order.priority : "routine";
  const code = order?.code?.coding?.[0]?.code;
  if (code) chosen.procedure = [...procedures.values()].find((each) => each.code?.code === code) ?? null;
  byId("order-status").replaceChildren(order ? tag("Draft") : tag("No order"));
  byId("sign").disabled = !order;
  byId("order-text").value = order?.code?.text && order.code.text !== chosen.procedure?.title ? order.code.text : "";
  byId("reasons").replaceChildren(
    ...chosen.reasons.map((coding) =>
      element(
        "li",
        {},
        coding.display,
        element(
          "button",
          {
            type: "button",
            class: "plain compact",
            "aria-label": `Remove the reason ${coding.display}`,
            click: () => {
              chosen.reasons = chosen.reasons.filter((each) => each !== coding);
              reasonsChanged();
              byId("reason").focus();
            },
          },
          element("span", { "aria-hidden": "true" }, "✕"),
        ),
      ),
    ),
  );
  byId("more-orders").replaceChildren(...drafts.slice(1).map((each) => element("li", {}, titleOf(each))));
  remember();
}

function reasonsChanged() {
  if (drafts[0]) {
    setReasons(drafts[0], chosen.reasons, byId("reason-words").value.trim());
    changed();
  } else fillForm();
}

function startOrder() {
  drafts = [];
  chosen = { procedure: null, reasons: [] };
  signed = false;
  byId("order-fields").disabled = false;
  byId("new-order").hidden = true;
  byId("reason-words").value = "";
  byId("done").textContent = "";
  leavePasted();
  fillForm();
}

function tryOrder(order) {
  startOrder();
  byId("priority").value = order.priority;
  chosen.reasons = [reasons.get(order.reason)?.coding].filter(Boolean);
  const procedure = procedures.get(order.procedure);
  if (procedure) chooseProcedure(procedure, order.text);
}

// --- the patient and the chart --------------------------------------------------------------------

async function openPatient(id) {
  opened += 1;
  const mine = opened;
  asked += 1;
  byId("patient-state").replaceChildren(element("span", { class: "busy" }, "Opening the chart…"));
  try {
    const found = await get(`/demo/charts/${encodeURIComponent(id)}`);
    const records = server ? await server.chart(id) : found.resources;
    if (mine !== opened) return false;
    [patient, chart] = [found, records];
  } catch (problem) {
    if (mine === opened) notOpened(id, problem);
    return false;
  }
  byId("chart-panel").inert = false;
  byId("patient-state").replaceChildren(patient.sentence);
  byId("patient").value = id;
  const person = chart.find((each) => each.resourceType === "Patient") ?? {};
  const age = new Date().getFullYear() - Number((person.birthDate ?? "").slice(0, 4));
  byId("patient-facts").textContent = `${person.name?.[0]?.text ?? ""}, ${person.gender ?? ""}, ${age} years`;
  byId("tries").replaceChildren(
    ...patient.orders.map((order) =>
      element(
        "li",
        {},
        element(
          "button",
          { type: "button", class: "compact", "data-try": order.procedure, click: () => tryOrder(order) },
          order.text || procedures.get(order.procedure)?.title || order.procedure,
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
  [patient, chart, drafts] = [null, [], []];
  byId("patient-state").replaceChildren();
  byId("tries").replaceChildren();
  byId("chart").replaceChildren();
  byId("patient-facts").textContent = "";
  byId("order-fields").disabled = true;
  byId("chart-panel").inert = true;
  fillForm();
  failed(problem, () => openPatient(id), [], "The chart could not be opened: nothing can be checked.");
}

// Does `work` on the chart; what cannot be written is told and changes nothing here.
async function writing(work) {
  byId("chart-panel").setAttribute("aria-busy", "true");
  byId("record-problem").textContent = "";
  byId("chart-note").replaceChildren(element("span", { class: "busy" }, "Writing to the chart…"));
  try {
    await work();
  } catch (problem) {
    byId("chart-note").textContent = "";
    byId("record-problem").textContent = `The chart was not changed. ${problem.message}`;
  }
  byId("chart-panel").setAttribute("aria-busy", "false");
}

const addRecord = (record, { ask = true } = {}) =>
  writing(async () => {
    await server?.put(record);
    chart.push(record);
    chartChanged(ask);
  });

const removeRecord = (record) =>
  writing(async () => {
    await server?.remove(record);
    chart = chart.filter((each) => each !== record);
    byId("chart-panel").focus();
    chartChanged(true);
  });

function chartChanged(ask) {
  byId("chart-note").textContent = server ? "Changed on the FHIR server." : "Changed in this page only.";
  draw(new Map(), new Map());
  if (ask && drafts.length && !signed && !pasted) consult();
}

const resetChart = () =>
  writing(async () => {
    const found = await get(`/demo/charts/${encodeURIComponent(patient.id)}`);
    if (server) {
      const kept = new Set(found.resources.map(nameOf));
      for (const record of chart) if (!kept.has(nameOf(record))) await server.remove(record);
      for (const record of found.resources) await server.put(record);
    }
    await openPatient(patient.id);
    byId("chart-note").textContent = "As it was written.";
  });

// --- a pasted request -----------------------------------------------------------------------------

const pastedDrafts = () => (pasted.context?.draftOrders?.entry ?? []).map((entry) => entry.resource);

function putPastedDrafts(resources) {
  pasted.context.draftOrders.entry = resources.map((resource) => ({ resource }));
  byId("paste").value = JSON.stringify(pasted, null, 2);
}

async function sendPasted(event) {
  event.preventDefault();
  byId("paste-problem").textContent = "";
  let body;
  try {
    body = JSON.parse(byId("paste").value);
  } catch (problem) {
    byId("paste-problem").textContent = `This is not JSON: ${problem.message}`;
    return;
  }
  if (body === null || typeof body !== "object" || Array.isArray(body)) {
    byId("paste-problem").textContent = "A request is a JSON object.";
    return;
  }
  pasted = body;
  byId("pasted-note").hidden = false;
  byId("remarks").replaceChildren(element("p", { class: "busy" }, "Reading the request…"));
  if ((await consult(body.hook)) === null) {
    // there is no answer: what is odd about the request may tell why
    explainRefused(body, asked);
  }
  byId("advice").scrollIntoView({ block: "nearest" });
}

async function explainRefused(body, mine) {
  try {
    const found = json(await post("/demo/explanation", body, { kept: false }));
    if (mine === asked) showRemarks(found.remarks);
  } catch (problem) {
    byId("remarks").replaceChildren(element("p", {}, `The request could not be read. ${problem.message}`));
  }
}

function leavePasted() {
  pasted = null;
  byId("pasted-note").hidden = true;
}

function showRemarks(remarks) {
  const kinds = { error: "critical", warning: "warning", note: "info" };
  byId("remarks").replaceChildren(
    element("h3", {}, remarks.length ? `What is odd about the request: ${remarks.length}` : "Nothing is odd about the request."),
    element(
      "ul",
      { class: "remarks" },
      remarks.map((each) =>
        element(
          "li",
          {},
          tag(each.severity, kinds[each.severity]),
          " ",
          element("code", {}, each.location),
          each.about ? ` ${each.about}` : "",
          `: ${each.message}${each.times > 1 ? ` (and ${each.times - 1} more like it)` : ""}. `,
          element("span", { class: "muted" }, `${each.todo}.`),
        ),
      ),
    ),
  );
}

// --- request and response -------------------------------------------------------------------------

function listExchanges() {
  const list = byId("exchange");
  list.replaceChildren(
    ...exchanges.map((each, place) =>
      element("option", { value: place }, `${exchanges.length - place}. ${each.title}, ${each.status || "no answer"}, ${Math.round(each.milliseconds)} ms`),
    ),
  );
  // a call of feedback must not hide the request that is looked at
  const latest = exchanges.findIndex((each) => each.title !== "feedback");
  list.value = String(Math.max(latest, 0));
  showExchange();
}

function showExchange() {
  const exchange = exchanges[Number(byId("exchange").value)];
  if (!exchange) return;
  byId("request-line").textContent = `POST ${exchange.url}`;
  byId("request-body").textContent = JSON.stringify(exchange.sent, null, 2);
  byId("response-line").textContent = exchange.status
    ? `HTTP ${exchange.status}, ${Math.round(exchange.milliseconds)} ms`
    : "No answer";
  let received = exchange.received;
  try {
    received = JSON.stringify(JSON.parse(received), null, 2);
  } catch {
    // shown as it came
  }
  byId("response-body").textContent = received || "(no body)";
}

async function copy(text, button) {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Not allowed to copy";
  }
  announce(button.textContent);
  setTimeout(() => (button.textContent = before), 2000);
}

// --- a link to what is shown: ids of the demo and of the content, never of a chart --------------

function remember() {
  const url = new URL("/demo", location.origin);
  if (patient) url.searchParams.set("patient", patient.id);
  if (chosen.procedure && drafts.length) {
    url.searchParams.set("order", chosen.procedure.id);
    for (const [key, { coding }] of reasons) if (chosen.reasons.includes(coding)) url.searchParams.append("reason", key);
    if (drafts[0].priority !== "routine") url.searchParams.set("priority", drafts[0].priority);
  }
  history.replaceState(null, "", url);
}

async function openLink() {
  const wanted = new URLSearchParams(location.search);
  const known = [...byId("patient").options].map((option) => option.value);
  const id = known.includes(wanted.get("patient")) ? wanted.get("patient") : known[0];
  if (!(await openPatient(id))) return;
  const procedure = procedures.get(wanted.get("order"));
  if (!procedure) return;
  byId("priority").value = PRIORITIES.includes(wanted.get("priority")) ? wanted.get("priority") : "routine";
  chosen.reasons = wanted.getAll("reason").map((key) => reasons.get(key)?.coding).filter(Boolean);
  chooseProcedure(procedure);
}

// --- start ----------------------------------------------------------------------------------------

function wire(catalogue) {
  combobox(byId("procedure"), {
    find: searcher(catalogue.procedures, (each) => each.title, (each) => each.words),
    spoken: (each) => each.title,
    chosen: (each) => chooseProcedure(each),
  });
  combobox(byId("reason"), {
    find: searcher(catalogue.reasons, (each) => each.coding.display, (each) => each.coding.code),
    spoken: (each) => each.coding.display,
    detail: (each) => each.key,
    chosen: ({ coding }) => {
      byId("reason").value = "";
      if (!chosen.reasons.includes(coding)) chosen.reasons.push(coding);
      reasonsChanged();
    },
  });
  recordForm({
    codings: async () => (recordCodes ??= await get(settings.records)),
    patientId: () => patient.id,
    add: addRecord,
  });
  const tablist = byId("wire-tabs");
  tabs(tablist);
  onExchange(listExchanges);
  const on = (id, event, does) => byId(id).addEventListener(event, does);
  on("patient", "change", () => openPatient(byId("patient").value));
  on("reset", "click", resetChart);
  on("priority", "change", () => {
    if (!drafts[0]) return;
    drafts[0].priority = byId("priority").value;
    changed();
  });
  on("reason-words", "change", reasonsChanged);
  on("order-text", "change", () => {
    if (!drafts[0] || !chosen.procedure) return;
    setProcedure(drafts[0], chosen.procedure, byId("order-text").value.trim());
    changed();
  });
  on("order-form", "submit", (event) => {
    event.preventDefault();
    if (drafts.length && !signed) sign();
  });
  on("new-order", "click", () => {
    startOrder();
    nothingOrdered();
    byId("procedure").focus();
  });
  on("paste-form", "submit", sendPasted);
  on("use-current", "click", () => {
    const latest = exchanges.find((each) => each.title !== "feedback");
    byId("paste").value = latest ? JSON.stringify(latest.sent, null, 2) : "";
  });
  on("leave-pasted", "click", () => {
    leavePasted();
    fillForm();
    consult();
  });
  on("exchange", "change", showExchange);
  on("copy-curl", "click", (event) => {
    const exchange = exchanges[Number(byId("exchange").value)];
    if (exchange) copy(asCurl(exchange), event.currentTarget);
  });
  on("copy-response", "click", (event) => copy(byId("response-body").textContent, event.currentTarget));
  on("copy-link", "click", (event) => copy(location.href, event.currentTarget));
}

async function start() {
  showBusy("Starting…");
  try {
    const [catalogue, discovery, token] = await Promise.all([
      get(settings.catalogue),
      get("/cds-services"),
      settings.fhirServer ? get("/demo/token") : null,
    ]);
    procedures = new Map(catalogue.procedures.map((each) => [each.id, each]));
    reasons = new Map(catalogue.reasons.map((each) => [each.key, each]));
    templates = discovery.services.find((each) => each.id === SELECT).prefetch;
    server = token ? new FhirServer(settings.fhirServer, token.access_token) : null;
    wire(catalogue);
    await openLink();
  } catch (problem) {
    failed(problem, () => location.reload());
  }
}

start();
