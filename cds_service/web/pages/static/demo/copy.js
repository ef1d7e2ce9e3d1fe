// Copying, with a word on the button about how it went.

import { announce } from "./elements.js";

const SHOWN = 2500; // milliseconds
const words = new WeakMap(); // what a button says when it says nothing of a copy
const timers = new WeakMap();

export async function copy(text, button, done = "Copied") {
  if (!words.has(button)) words.set(button, button.textContent);
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = done;
  } catch {
    button.textContent = "Not allowed to copy";
  }
  announce(button.textContent);
  clearTimeout(timers.get(button));
  timers.set(button, setTimeout(() => (button.textContent = words.get(button)), SHOWN));
}
