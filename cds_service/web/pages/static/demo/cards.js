// The cards, as the pop-up that an EHR shows (CDS Hooks 2.0.1, Card Attributes).

import { announce, byId, element, fromTree, tag, webLink } from "./elements.js";
import { glance } from "./glance.js";

const INDICATORS = { critical: "Critical", warning: "Warning", info: "Information" };
const RANK = ["critical", "warning", "info"];

export const bySeverity = (cards) =>
  [...cards].sort((a, b) => RANK.indexOf(a.indicator) - RANK.indexOf(b.indicator));

// Draws `cards` with the trees of their details. `accept(card, suggestion)` and
// `override(card, reason, comment)` are called for what a clinician does.
export function drawCards(cards, trees, { accept, override }) {
  return cards.map((card, place) => drawCard(card, trees[place] ?? [], { accept, override }));
}

function drawCard(card, tree, { accept, override }) {
  const kind = RANK.includes(card.indicator) ? card.indicator : "info";
  const title = `card-${card.uuid ?? crypto.randomUUID()}`;
  const suggestions = card.suggestions ?? [];
  // the source is a link of its own already
  const links = (card.links ?? []).filter((link) => link.url !== card.source?.url || link.label !== card.source?.label);
  return element(
    "article",
    { class: `card ${kind}`, "aria-labelledby": title, "data-card": card.source?.topic?.code ?? "", "data-uuid": card.uuid },
    element(
      "header",
      {},
      tag(INDICATORS[kind], kind),
      element("h3", { id: title, dir: "auto" }, card.summary ?? ""),
    ),
    tree.length ? element("div", { class: "card-detail" }, fromTree(tree)) : null,
    source(card.source),
    links.length
      ? element("ul", { class: "card-links" }, links.map((link) => element("li", {}, webLink(link.url, link.label ?? link.url))))
      : null,
    element(
      "div",
      { class: "actions" },
      suggestions.map((each, number) =>
        element(
          "button",
          {
            type: "button",
            class: `on-paper-too ${each.isRecommended || (number === 0 && suggestions.length === 1) ? "primary" : ""}`,
            "data-suggestion": each.uuid,
            "aria-describedby": title,
            click: () => accept(card, each),
          },
          each.label,
        ),
      ),
      card.uuid ? overrideButton(card, title, override) : null,
    ),
  );
}

function source(said) {
  if (!said?.label) return null;
  return element("p", { class: "card-source muted small" }, "Source: ", webLink(said.url, said.label));
}

function overrideButton(card, title, override) {
  const id = `override-${card.uuid}`;
  const form = element(
    "form",
    { id, hidden: true, class: "override" },
    element(
      "fieldset",
      {},
      element("legend", {}, "Why is the advice not followed?"),
      (card.overrideReasons ?? []).map((reason, number) =>
        element(
          "label",
          {},
          element("input", { type: "radio", name: id, value: number }),
          reason.display ?? reason.code,
        ),
      ),
    ),
    element("label", { for: `${id}-comment` }, "Comment (optional)"),
    element("input", { id: `${id}-comment`, maxlength: 500, autocomplete: "off", dir: "auto" }),
    element("div", { class: "actions" }, element("button", { type: "submit" }, "Override")),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const picked = form.querySelector("input[type=radio]:checked");
    const reason = picked ? card.overrideReasons[Number(picked.value)] : null;
    override(card, reason, form.querySelector(`[id="${id}-comment"]`).value.trim());
  });
  const button = element(
    "button",
    {
      type: "button",
      "aria-expanded": "false",
      "aria-controls": id,
      "aria-describedby": title,
      click: () => {
        form.hidden = !form.hidden;
        button.setAttribute("aria-expanded", String(!form.hidden));
        if (!form.hidden) form.querySelector("input").focus();
      },
    },
    "Override…",
  );
  return [button, form];
}

// Puts what becomes of a card in its place; called again, it changes the text.
export function settle(uuid, text) {
  const card = document.querySelector(`.card[data-uuid="${CSS.escape(uuid)}"]`);
  if (!card) return;
  const first = !card.classList.contains("settled");
  if (first) {
    const summary = card.querySelector("h3");
    card.classList.add("settled");
    card.replaceChildren(
      element("p", {}, element("s", { id: summary.id, dir: "auto" }, summary.textContent)),
      element("p", { class: "muted", tabindex: "-1" }),
    );
  }
  const said = card.querySelector("[tabindex]");
  said.textContent = text;
  // who has gone on to something else meanwhile is not called back
  if (first) said.focus();
  else announce(text);
}

// The states of the pop-up besides cards.
export function showBusy(text) {
  byId("advice").setAttribute("aria-busy", "true");
  byId("advice-state").replaceChildren(element("p", { class: "busy" }, text));
  byId("advice-time").textContent = "";
  byId("cards").inert = true;
  glance(text);
}

export function showState(kind, title, ...more) {
  byId("advice").setAttribute("aria-busy", "false");
  byId("cards").inert = false;
  byId("advice-state").replaceChildren(
    element("div", { class: `notice ${kind}`, "data-state": kind }, element("p", {}, element("strong", {}, title)), more),
  );
  glance(title, kind);
}

export function clearState() {
  byId("advice").setAttribute("aria-busy", "false");
  byId("cards").inert = false;
  byId("advice-state").replaceChildren();
}
