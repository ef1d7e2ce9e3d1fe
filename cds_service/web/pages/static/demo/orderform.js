// The form of the draft order.

import { consult, nothingOrdered } from "./advice.js";
import { combobox } from "./combobox.js";
import { byId, element, tag } from "./elements.js";
import { remember } from "./link.js";
import { PRIORITIES, newOrder, setProcedure, setReasons, titleOf } from "./order.js";
import { leavePasted } from "./pasted.js";
import { searcher } from "./search.js";
import { state } from "./state.js";

export function chooseProcedure(procedure, text = "") {
  state.chosen.procedure = procedure;
  if (!state.drafts.length) state.drafts = [newOrder(state.patient.id)];
  setProcedure(state.drafts[0], procedure, text);
  state.drafts[0].priority = byId("priority").value;
  setReasons(state.drafts[0], state.chosen.reasons, byId("reason-words").value.trim());
  changed();
}

// The order was changed in the form: show it, and ask.
function changed() {
  leavePasted();
  byId("done").textContent = "";
  fillForm();
  return consult();
}

// Returns what the field says is ordered: the study of the code, else the words of the order.
function studyOf(order) {
  if (!order) return "";
  return (order.code?.coding?.[0] && state.chosen.procedure?.title) || titleOf(order);
}

export function fillForm() {
  const order = state.drafts[0];
  const code = order?.code?.coding?.[0]?.code;
  const known = [...state.procedures.values()].find((each) => (code ? each.code?.code === code : each.title === order?.code?.text));
  if (code || known) state.chosen.procedure = known ?? null;
  byId("procedure").value = studyOf(order);
  byId("priority").value = order && PRIORITIES.includes(order.priority) ? order.priority : "routine";
  byId("order-status").replaceChildren(order ? tag("Draft") : tag("No order"));
  byId("sign").disabled = !order;
  byId("new-order").hidden = !order;
  byId("order-text").value = order?.code?.text && order.code.text !== state.chosen.procedure?.title ? order.code.text : "";
  byId("reasons").replaceChildren(
    ...state.chosen.reasons.map((coding) =>
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
              state.chosen.reasons = state.chosen.reasons.filter((each) => each !== coding);
              reasonsChanged();
              byId("reason").focus();
            },
          },
          element("span", { "aria-hidden": "true" }, "✕"),
        ),
      ),
    ),
  );
  byId("more-orders").replaceChildren(...state.drafts.slice(1).map((each) => element("li", {}, titleOf(each))));
  remember();
}

function reasonsChanged() {
  if (state.drafts[0]) {
    setReasons(state.drafts[0], state.chosen.reasons, byId("reason-words").value.trim());
    changed();
  } else fillForm();
}

export function startOrder() {
  state.drafts = [];
  state.chosen = { procedure: null, reasons: [] };
  state.signed = false;
  byId("order-fields").disabled = false;
  byId("reason-words").value = "";
  byId("done").textContent = "";
  leavePasted();
  fillForm();
}

export function tryOrder(order) {
  startOrder();
  byId("priority").value = order.priority;
  state.chosen.reasons = [state.reasons.get(order.reason)?.coding].filter(Boolean);
  const procedure = state.procedures.get(order.procedure);
  if (procedure) chooseProcedure(procedure, order.text);
}

// Wires the form to a catalogue.
export function orderForm(catalogue) {
  const on = (id, event, does) => byId(id).addEventListener(event, does);
  combobox(byId("procedure"), {
    find: searcher(catalogue.procedures, (each) => each.title, (each) => each.words),
    spoken: (each) => each.title,
    chosen: (each) => chooseProcedure(each),
    // what was typed and not chosen must not stand there as if it were ordered
    left: () => (byId("procedure").value = studyOf(state.drafts[0])),
  });
  combobox(byId("reason"), {
    find: searcher(catalogue.reasons, (each) => each.coding.display, (each) => each.coding.code),
    spoken: (each) => each.coding.display,
    detail: (each) => each.key,
    chosen: ({ coding }) => {
      byId("reason").value = "";
      if (!state.chosen.reasons.includes(coding)) state.chosen.reasons.push(coding);
      reasonsChanged();
    },
    left: () => (byId("reason").value = ""),
  });
  on("priority", "change", () => {
    if (!state.drafts[0]) return;
    state.drafts[0].priority = byId("priority").value;
    changed();
  });
  on("reason-words", "change", reasonsChanged);
  on("order-text", "change", () => {
    if (!state.drafts[0] || !state.chosen.procedure) return;
    setProcedure(state.drafts[0], state.chosen.procedure, byId("order-text").value.trim());
    changed();
  });
  on("order-form", "submit", (event) => event.preventDefault()); // Enter in a field signs nothing
  on("new-order", "click", () => {
    startOrder();
    nothingOrdered();
    byId("procedure").focus();
  });
}
