// Calls over HTTP, as an EHR makes them, and a record of each for people who integrate one.

const PATIENCE = 15000; // milliseconds after which a call has failed

export const exchanges = [];
const listeners = [];
const MOST_KEPT = 30;

export function onExchange(listener) {
  listeners.push(listener);
}

// The call failed: there is no answer to rely on. `message` is fit to be shown.
export class CallFailed extends Error {}

// Posts `body` and returns the exchange: {title, url, sent, status, received, milliseconds}, with the
// status 0 and why where no answer came; `kept` ones are shown in the tabs.
export async function post(url, body, { kept = true } = {}) {
  const sent = JSON.stringify(body);
  const exchange = {
    title: `${body.hook ?? (body.feedback ? "feedback" : "call")}`,
    url: new URL(url, location.href).href,
    sent: body,
    status: 0,
    received: "",
    milliseconds: 0,
  };
  const started = performance.now();
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: sent,
      signal: AbortSignal.timeout(PATIENCE),
    });
    exchange.status = response.status;
    exchange.received = await response.text();
  } catch (problem) {
    exchange.received =
      problem.name === "TimeoutError" ? "No answer in time." : "No connection to the service, or it broke off.";
  }
  exchange.milliseconds = performance.now() - started;
  if (kept) {
    exchanges.unshift(exchange);
    exchanges.length = Math.min(exchanges.length, MOST_KEPT);
    for (const listener of listeners) listener();
  }
  return exchange;
}

// Returns the JSON of a good answer.
export function json(exchange) {
  if (exchange.status === 0) throw new CallFailed(exchange.received);
  let body;
  try {
    body = exchange.received ? JSON.parse(exchange.received) : {};
  } catch {
    throw new CallFailed(`HTTP ${exchange.status}, and what came is not JSON.`);
  }
  if (exchange.status < 200 || exchange.status > 299) {
    throw new CallFailed(`HTTP ${exchange.status}. ${outcomeText(body)}`.trim());
  }
  return body;
}

export async function get(url, headers = {}) {
  let response;
  try {
    response = await fetch(url, {
      headers: { Accept: "application/json", ...headers },
      signal: AbortSignal.timeout(PATIENCE),
    });
  } catch (problem) {
    throw new CallFailed(
      problem.name === "TimeoutError" ? "No answer in time." : "No connection.",
    );
  }
  if (!response.ok) throw new CallFailed(`HTTP ${response.status}.`);
  try {
    return await response.json();
  } catch (problem) {
    throw new CallFailed(
      problem.name === "SyntaxError" ? "What came is not JSON." : "The answer broke off.",
    );
  }
}

function outcomeText(body) {
  const issue = body?.issue?.[0];
  return [issue?.details?.text, issue?.diagnostics].filter(Boolean).join(" ");
}

// The command that sends the same request; the body stands between two lines that no JSON can hold.
export function asCurl(exchange) {
  return [
    `curl -sS '${exchange.url}' \\`,
    "  -H 'Content-Type: application/json' --data-binary @- <<'END_OF_REQUEST'",
    JSON.stringify(exchange.sent, null, 2),
    "END_OF_REQUEST",
  ].join("\n");
}
