// What the advisor says, in a line at the edge of the window, while the advice itself is out of sight.

import { byId } from "./elements.js";

let said = "";
let inSight = true;

function show() {
  byId("glance").hidden = inSight || !said;
}

// Sets the line; `kind` is the urgency of the first card or the state of the pop-up.
export function glance(text, kind = "") {
  said = text;
  byId("glance-text").textContent = text;
  byId("glance").className = `glance ${kind}`;
  show();
}

// Wires the line: it leads to the advice.
export function glanceLine() {
  new IntersectionObserver((seen) => {
    inSight = seen.at(-1).isIntersecting; // of several changes told at once the last holds
    show();
  }).observe(byId("advice"));
  byId("glance").addEventListener("click", () => {
    byId("advice").scrollIntoView({ block: "start" });
    byId("advice").focus({ preventScroll: true });
  });
}
