// The tab "Why": the trace of the answer, made readable (its keys: cds_service/render/trace.py).

import { element, tag, webLink } from "./elements.js";

const STATES = { present: "warning", absent: "", unknown: "info" };
const EFFECTS = { hold: "critical", exclude: "warning", urgent: "critical", replace: "warning", ask: "info", caution: "info" };
const words = (text) => (text ?? "").replaceAll("-", " ");
const rating = (text) => words(text).replace(" disagreement", " (disagreement)");

// Returns maps from Type/id of a record to the findings behind a card, and to all it speaks for. A card
// that asks is about records that settle nothing: they are behind it too.
export function meanings(trace) {
  const fired = new Map();
  const read = new Map();
  for (const order of trace?.orders ?? []) {
    const behind = new Set(order.advice.flatMap((each) => each.findings));
    for (const finding of order.findings) {
      const present = finding.state === "present";
      for (const record of finding.records) {
        if (present && record.verdict === "for") {
          put(read, record.reference, finding.phrase);
          if (behind.has(finding.id)) put(fired, record.reference, finding.phrase);
        } else if (finding.state === "unknown" && record.verdict === "inconclusive" && behind.has(finding.id)) {
          put(fired, record.reference, `${finding.phrase}, an open question`);
        }
      }
    }
  }
  return { fired, read };
}

function put(map, key, value) {
  const known = map.get(key) ?? [];
  if (!known.includes(value)) map.set(key, [...known, value]);
}

export function drawWhy(trace) {
  if (!trace.orders.length) return [element("p", {}, "No imaging order is selected in this request, so nothing was decided.")];
  return [
    element("p", { class: "muted small" }, `Content ${trace.contentVersion}, look-backs end on ${trace.asOf}.`),
    ...trace.orders.map((order) => drawOrder(order, trace)),
  ];
}

function drawOrder(order, trace) {
  const titles = new Map(order.findings.map((each) => [each.id, each.title]));
  const named = (ids) => ids.map((id) => titles.get(id) ?? words(id)).join("; ");
  const studies = new Map(
    [...order.alternatives, ...order.topics.flatMap((topic) => (topic.applies ? topic.table : []))].map((each) => [each.procedure.id, each.procedure.title]),
  );
  const procedure = order.recognised.procedure;
  return element(
    "section",
    { class: "trace" },
    element("h3", { dir: "auto" }, order.title || procedure?.title || "Order"),
    element(
      "p",
      {},
      procedure
        ? `Recognised as ${procedure.title} by ${order.recognised.toldBy}.`
        : order.recognised.imaging
          ? "Recognised as imaging, but as no procedure we know."
          : "Not recognised as imaging.",
      order.recognised.conflict.length ? ` It contradicts itself: ${order.recognised.conflict.map(words).join(", ")}.` : "",
    ),
    part("Cards given", order.advice.length, advised(order, named, (id) => studies.get(id) ?? words(id))),
    part("Findings present", null, findings(order, "present")),
    part("Findings not known", null, findings(order, "unknown"), true),
    part("Findings looked for and absent", null, absent(order), true),
    ...order.topics.flatMap((topic) => topicParts(topic, named)),
    part("Safety rules", null, safety(order.safety, named)),
    order.alternatives.length ? part("Alternatives", null, alternatives(order.alternatives, named)) : null,
    part("What did not speak, and why", null, suppressed(order.suppressed), true),
    trace.chart ? part("What of the chart was read", null, sources(trace.chart), true) : null,
  );
}

function part(title, count, content, closed = false) {
  return element(
    "details",
    { open: !closed },
    element("summary", {}, element("h4", {}, count === null ? title : `${title}: ${count}`)),
    content,
  );
}

function table(caption, heads, rows) {
  if (!rows.length) return element("p", { class: "muted" }, "None.");
  // In a narrow pane the style sheet stacks the cells; the roles keep it a table for screen readers.
  return element(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    element(
      "table",
      { role: "table" },
      element("caption", { class: "hidden-label" }, caption),
      element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, heads.map((head) => element("th", { scope: "col", role: "columnheader" }, head)))),
      element(
        "tbody",
        { role: "rowgroup" },
        rows.map((row) => element("tr", { role: "row" }, row.map((cell, place) => element("td", { role: "cell", "data-label": heads[place] }, cell)))),
      ),
    ),
  );
}

function advised(order, named, study) {
  return table(
    "Cards given",
    ["Card", "Rule", "Because of", "Accepting it", "Sources"],
    order.advice.map((each) => [
      [tag(each.indicator, each.indicator), " ", words(each.card)],
      element("code", {}, each.rule),
      named(each.findings) || "the order itself",
      each.accept.remove ? "removes the order" : each.accept.priority ? `sets the priority to ${each.accept.priority}` : each.accept.order.map(study).join(" or ") || "nothing to accept: a question",
      each.sources.map((source) => element("div", {}, webLink(source.url, source.title), source.locator ? `, ${source.locator}` : "")),
    ]),
  );
}

function evidence(finding) {
  if (!finding.records.length) return finding.reasons.join("; ") || "–";
  return finding.records.map((record) =>
    element(
      "div",
      {},
      element("bdi", {}, record.label),
      [record.value, record.date].filter(Boolean).map((each) => [", ", element("bdi", {}, each)]),
      record.fromText ? " (from text)" : "",
      record.ofOrder ? " (on the order)" : "",
      ...record.reactions.map((each) => ` – reaction: ${[...each.what, each.severity, each.onset].filter(Boolean).join(", ")}`),
      record.remark ? ` – ${record.remark}` : "",
      record.verdict === "for" ? "" : ` [${words(record.verdict)}]`,
      record.reference ? [" ", element("code", {}, record.reference)] : "",
    ),
  );
}

function findings(order, state) {
  return table(
    `Findings: ${state}`,
    ["Finding", "Kind", "Evidence, with date"],
    order.findings
      .filter((each) => each.state === state)
      .map((each) => [
        [each.title, each.suspected ? " (suspected)" : ""],
        words(each.category),
        [evidence(each), each.unread.length ? element("div", { class: "muted" }, `not read: ${each.unread.join(", ")}`) : ""],
      ]),
  );
}

function absent(order) {
  const found = order.findings.filter((each) => each.state === "absent").map((each) => each.title);
  return element("p", {}, found.join("; ") || "None.");
}

function topicParts(topic, named) {
  if (!topic.applies) {
    return [part(topic.title, null, element("p", {}, `Does not speak: ${topic.whyNot}.`))];
  }
  return [
    part(
      `${topic.title}: variants considered`,
      null,
      [
        element("p", { class: "small" }, webLink(topic.guideline.url, topic.guideline.title), `, ${topic.guideline.locator}`),
        table(
          "Variants considered",
          ["Variant", "State", "Why", "Present", "Against", "Not known"],
          topic.variants.map((each) => [
            [each.decides ? tag("decides", "good") : null, ` ${each.number}. ${each.title}`],
            tag(each.state, STATES[each.state]),
            each.why,
            named(each.present),
            named(each.against),
            named(each.unknown),
          ]),
        ),
      ],
    ),
    part(
      "Ratings of the deciding variant",
      null,
      table(
        "Ratings of the deciding variant",
        ["Procedure", "Rating", "Radiation", "Where it was seen"],
        topic.table.map((row) => [
          [row.procedure.id === topic.ratedOrder?.procedure.id ? tag("ordered", "info") : null, ` ${row.procedure.title}`],
          rating(row.rating),
          [row.procedure.radiationLevel, row.procedure.adultDose].filter(Boolean).join(", "),
          row.citable ? words(row.seenIn) : "inferred by this project: not shown as the guideline's",
        ]),
      ),
    ),
  ];
}

function safety(verdicts, named) {
  const spoke = verdicts.filter((each) => each.state);
  const silent = verdicts.filter((each) => !each.state);
  return [
    table(
      "Safety rules that hold",
      ["Rule", "Effect", "Note", "Findings"],
      spoke.map((each) => [each.title, tag(each.effect, EFFECTS[each.effect] ?? ""), each.note, named(each.findings)]),
    ),
    silent.length ? element("p", { class: "muted small" }, `Nothing found: ${silent.map((each) => each.title).join("; ")}.`) : null,
  ];
}

function alternatives(rows, named) {
  return table(
    "Alternatives",
    ["Procedure", "Rating", "Proposed by", "Held back for", "Safety"],
    rows.map((each) => [
      each.procedure.title,
      each.rated ? rating(each.rated.rating) : "not rated",
      each.proposedBy.map((rule) => element("div", {}, element("code", {}, rule))),
      each.heldBackFor.map((rule) => element("div", {}, element("code", {}, rule))),
      each.safety.filter((verdict) => verdict.state).map((verdict) => element("div", {}, `${verdict.effect}: ${verdict.note} (${named(verdict.findings)})`)),
    ]),
  );
}

function suppressed(rows) {
  return table("What did not speak", ["Rule", "Why"], rows.map((each) => [element("code", {}, each.rule), each.why]));
}

function sources(chart) {
  return table(
    "Sources",
    ["Type", "Name", "State", "Why"],
    chart.sources.map((each) => [each.type, each.name, tag(words(each.state), each.state === "complete" ? "good" : "warning"), each.reason]),
  );
}
