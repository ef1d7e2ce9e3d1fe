// The tabs "Request" and "Response": what went over the wire.

import { copy } from "./copy.js";
import { byId, element } from "./elements.js";
import { asCurl, exchanges, onExchange } from "./wire.js";

const MOST_SHOWN = 300000; // characters

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
  byId("request-body").textContent = beginning(JSON.stringify(exchange.sent, null, 2), "Copy as curl");
  byId("response-line").textContent = exchange.status
    ? `HTTP ${exchange.status}, ${Math.round(exchange.milliseconds)} ms`
    : "No answer";
  byId("response-body").textContent = beginning(answerOf(exchange), "Copy") || "(no body)";
}

function answerOf({ received }) {
  try {
    return JSON.stringify(JSON.parse(received), null, 2);
  } catch {
    return received; // shown as it came
  }
}

// A browser takes seconds to lay out millions of characters.
function beginning(text, whole) {
  if (text.length <= MOST_SHOWN) return text;
  const count = (number) => number.toLocaleString("en");
  return `${text.slice(0, MOST_SHOWN)}\n… These are the first ${count(MOST_SHOWN)} of ${count(text.length)} characters: "${whole}" takes all.`;
}

// Returns the latest call that is no feedback.
export const latestCall = () => exchanges.find((each) => each.title !== "feedback");

// Wires the tabs.
export function exchangeView() {
  onExchange(listExchanges);
  byId("exchange").addEventListener("change", showExchange);
  byId("copy-curl").addEventListener("click", (event) => {
    const exchange = exchanges[Number(byId("exchange").value)];
    if (exchange) copy(asCurl(exchange), event.currentTarget);
  });
  byId("copy-response").addEventListener("click", (event) => {
    const exchange = exchanges[Number(byId("exchange").value)];
    if (exchange) copy(answerOf(exchange), event.currentTarget);
  });
}
