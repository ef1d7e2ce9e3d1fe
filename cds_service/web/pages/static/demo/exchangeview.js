// The tabs "Request" and "Response": what went over the wire.

import { announce, byId, element } from "./elements.js";
import { asCurl, exchanges, onExchange } from "./wire.js";

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

export async function copy(text, button) {
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
  byId("copy-response").addEventListener("click", (event) =>
    copy(byId("response-body").textContent, event.currentTarget),
  );
}
