// An editable combobox with a list (ARIA Authoring Practices Guide, Combobox with list autocomplete).

import { announce, element } from "./elements.js";

// Makes `input` a combobox over the list with the id in its aria-controls. `find(typed)` returns
// entries, `spoken(entry)` their text, `chosen(entry)` is called when one is chosen. Where `free`, what
// is typed may be kept as it is; else Enter takes the first entry. `left()` is called when the field is
// left.
export function combobox(
  input,
  { find, spoken, detail = () => "", chosen, free = false, left = () => {} },
) {
  const list = document.getElementById(input.getAttribute("aria-controls"));
  let entries = [];
  let active = -1;

  const isOpen = () => input.getAttribute("aria-expanded") === "true";

  function close() {
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    list.hidden = true;
    active = -1;
  }

  function open() {
    entries = find(input.value);
    active = -1;
    list.replaceChildren(
      ...entries.map((entry, place) =>
        element(
          "li",
          {
            role: "option",
            id: `${list.id}-${place}`,
            "aria-selected": "false",
            // keeps the focus in the field, where the keyboard works
            mousedown: (event) => event.preventDefault(),
            click: () => choose(place),
          },
          element("span", {}, spoken(entry)),
          detail(entry) ? element("span", { class: "muted small" }, ` ${detail(entry)}`) : null,
        ),
      ),
    );
    if (!entries.length) {
      list.append(element("li", { role: "option", "aria-disabled": "true", class: "muted" }, "Nothing found"));
    }
    input.setAttribute("aria-expanded", "true");
    input.removeAttribute("aria-activedescendant");
    list.hidden = false;
    announce(entries.length ? `${entries.length} found` : "Nothing found");
  }

  function move(to) {
    if (!entries.length) return;
    list.children[active]?.setAttribute("aria-selected", "false");
    active = (to + entries.length) % entries.length;
    const option = list.children[active];
    option.setAttribute("aria-selected", "true");
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  function choose(place) {
    const entry = entries[place];
    close();
    if (entry !== undefined) chosen(entry);
  }

  input.addEventListener("input", open);
  input.addEventListener("click", () => (isOpen() ? close() : open()));
  input.addEventListener("blur", () => {
    close();
    left();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const down = event.key === "ArrowDown";
      if (!isOpen()) {
        open();
        if (!event.altKey) move(down ? 0 : -1);
      } else move(down ? active + 1 : Math.max(active, 0) - 1);
    } else if (event.key === "Enter" && isOpen()) {
      event.preventDefault();
      if (active < 0 && free) close();
      else choose(Math.max(active, 0));
    } else if (event.key === "Escape") {
      if (isOpen()) close();
      else input.value = "";
      event.preventDefault();
    }
  });
}
