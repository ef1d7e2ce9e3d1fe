// The chart beside the order: every record in a line, with what the advisor made of it.

import { byId, element, tag } from "./elements.js";
import { combobox } from "./combobox.js";
import { nameOf } from "./order.js";
import { SECTIONS, lineOf, newRecord } from "./records.js";
import { searcher } from "./search.js";

// Draws `chart`. `fired` maps Type/id to the findings behind a card, `read` to all that a record
// speaks for; `remove(record)` is called when a record is to go.
export function drawChart(chart, fired, read, remove) {
  const sections = SECTIONS.map(([title, kinds]) => {
    const records = chart.filter((each) => kinds.includes(each.resourceType));
    if (!records.length) return null;
    return element(
      "section",
      {},
      element("h3", {}, title),
      element("ul", { class: "records" }, records.map((record) => line(record, fired, read, remove))),
    );
  });
  byId("chart").replaceChildren(...sections.filter(Boolean));
}

function line(record, fired, read, remove) {
  const { label, date, detail } = lineOf(record);
  const name = nameOf(record);
  const behind = fired.get(name) ?? [];
  const also = (read.get(name) ?? []).filter((each) => !behind.includes(each));
  return element(
    "li",
    { class: behind.length ? "fired" : "", "data-record": name },
    element(
      "div",
      { class: "record" },
      element("span", { class: "record-label", dir: "auto" }, label),
      detail ? element("span", { dir: "auto" }, detail) : null,
      date ? element("time", { datetime: date, class: "muted small" }, date) : null,
      behind.length ? element("span", { class: "meanings" }, behind.map((each) => tag(`on a card: ${each}`, "warning"))) : null,
      also.length ? element("span", { class: "muted small" }, `read as: ${also.join(", ")}`) : null,
    ),
    element(
      "button",
      { type: "button", class: "plain compact", "aria-label": ["Remove", label, detail, date].filter(Boolean).join(" "), click: () => remove(record) },
      element("span", { "aria-hidden": "true" }, "✕"),
    ),
  );
}

// Wires the form that adds a record. `codings()` gives the codes to choose from by resource type,
// `add(record)` is called with the new record.
export function recordForm({ codings, patientId, add }) {
  const form = byId("add-record");
  const kind = byId("record-kind");
  const what = byId("record-what");
  let coding = null; // the one chosen last; it counts as long as its words stand in the field
  let find = null;

  combobox(what, {
    free: true,
    find: (typed) => (find ? find(typed) : []),
    spoken: (each) => each.display,
    detail: (each) => each.code,
    chosen: (each) => {
      coding = each;
      what.value = each.display;
    },
  });

  async function prepare() {
    const chosen = kind.value;
    what.value = "";
    coding = null;
    find = null;
    for (const part of form.querySelectorAll("[data-for]")) {
      part.hidden = !part.dataset.for.split(" ").includes(chosen);
    }
    byId("record-value").value = chosen === "Temperature" ? "38.6" : "";
    byId("record-unit").value = chosen === "Temperature" ? "Cel" : "";
    what.placeholder = "loading the codes…";
    let hint = "";
    try {
      const known = await codings();
      if (kind.value !== chosen) return;
      if (known[chosen]) find = searcher(known[chosen], (each) => each.display, (each) => each.code);
    } catch {
      hint = "no codes could be loaded: use words";
    }
    what.placeholder = hint;
  }

  byId("record-date").value = new Date().toISOString().slice(0, 10);
  kind.addEventListener("change", prepare);
  byId("add-record-section").addEventListener("toggle", prepare, { once: true });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = what.value.trim();
    const said = {
      kind: kind.value,
      coding: coding?.display === text ? coding : null,
      text,
      date: byId("record-date").value || undefined, // JSON leaves it out
      value: byId("record-value").value.replace(",", "."),
      unit: byId("record-unit").value.trim(),
      mr: byId("record-mr").value,
      severity: byId("record-severity").value,
    };
    const problem = wrong(said);
    byId("record-problem").textContent = problem;
    if (problem) return;
    add(newRecord(patientId(), said));
    what.value = "";
    coding = null;
  });
}

function wrong(said) {
  if (said.kind !== "Temperature" && !said.coding && !said.text) return "Say what is to be recorded.";
  const measured = said.kind === "Temperature" || (said.kind === "Observation" && said.value);
  if (measured && (said.value === "" || !Number.isFinite(Number(said.value)))) return "The value must be a number.";
  return "";
}
