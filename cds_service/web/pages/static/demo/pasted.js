// A request that was pasted: it is sent as it is, and its own draft orders are what is changed.

import { consult } from "./advice.js";
import { byId, element } from "./elements.js";
import { showRemarks } from "./remarks.js";
import { state } from "./state.js";
import { json, post } from "./wire.js";

export const pastedDrafts = () => (state.pasted.context?.draftOrders?.entry ?? []).map((entry) => entry.resource);

export function putPastedDrafts(resources) {
  state.pasted.context.draftOrders.entry = resources.map((resource) => ({ resource }));
  byId("paste").value = JSON.stringify(state.pasted, null, 2);
}

function read(text) {
  if (!text.trim()) return { problem: "There is nothing to send yet: paste a request." };
  try {
    const body = JSON.parse(text);
    const request = body !== null && typeof body === "object" && !Array.isArray(body);
    return { body, problem: request ? "" : "A request is a JSON object." };
  } catch (problem) {
    return { problem: `This is not JSON: ${problem.message}` };
  }
}

export async function sendPasted(event) {
  event.preventDefault();
  const { body, problem } = read(byId("paste").value);
  byId("paste-problem").textContent = problem;
  if (problem) {
    byId("remarks").replaceChildren(); // they were about something else
    byId("paste").focus();
    return;
  }
  state.pasted = body;
  byId("pasted-note").hidden = false;
  byId("remarks").replaceChildren(element("p", { class: "busy" }, "Reading the request…"));
  if ((await consult(body.hook)) === null && state.pasted === body) {
    // it is looked at and has no answer: what is odd about the request may tell why
    explainRefused(body, state.asked);
  }
  byId("advice").scrollIntoView({ block: "nearest" });
}

async function explainRefused(body, mine) {
  try {
    const found = json(await post("/demo/explanation", body, { kept: false }));
    if (mine === state.asked) showRemarks(found.remarks);
  } catch (problem) {
    byId("remarks").replaceChildren(element("p", {}, `The request could not be read. ${problem.message}`));
  }
}

export function leavePasted() {
  state.pasted = null;
  byId("pasted-note").hidden = true;
}
