// An editable combobox with a list (ARIA Authoring Practices Guide, Combobox with list autocomplete).

import { announce, element } from "./elements.js";

const MOST_LISTED = 40;

// Makes `input` a combobox over the list with the id in its aria-controls. `find(typed)` returns
// entries, `spoken(entry)` their text, `chosen(entry)` is called when one is chosen. Where `free`, what
// is typed may be kept as it is; else Enter takes the first entry of what was typed, and a list opened
// without typing holds everything. `left()` is called when the field is left.
export function combobox(
  input,
  { find, spoken, detail = () => "", chosen, free = false, left = () => {} },
) {
  const list = document.getElementById(input.getAttribute("aria-controls"));
  let entries = [];
  let active = -1;
  let typed = false;

  const isOpen = () => input.getAttribute("aria-expanded") === "true";

  function close() {
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    list.hidden = true;
    active = -1;
  }

  function open() {
    const found = find(free || typed ? input.value : "");
    entries = found.slice(0, MOST_LISTED);
    active = -1;
    list.replaceChildren(
      ...entries.map((entry, place) =>
        element(
          "li",
          {
            role: "option",
            id: `${list.id}-${place}`,
            "aria-selected": "false",
            click: () => choose(place),
          },
          element("span", { dir: "auto" }, spoken(entry)),
          detail(entry) ? element("span", { class: "muted small" }, ` ${detail(entry)}`) : null,
        ),
      ),
    );
    const more = found.length - entries.length;
    const said = entries.length ? more && `${more} more: go on typing` : "Nothing found";
    if (said) list.append(element("li", { role: "option", "aria-disabled": "true", class: "muted" }, said));
    input.setAttribute("aria-expanded", "true");
    input.removeAttribute("aria-activedescendant");
    list.hidden = false;
    announce(found.length ? `${found.length} found` : "Nothing found");
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
    typed = false;
    if (entry !== undefined) chosen(entry);
  }

  // keeps the focus in the field, where the keyboard works, also while the list is scrolled
  list.addEventListener("mousedown", (event) => event.preventDefault());
  input.addEventListener("input", () => {
    typed = input.value.trim() !== "";
    open();
  });
  input.addEventListener("click", () => {
    if (isOpen()) {
      close();
      return;
    }
    open();
    if (!free) input.select(); // what is typed next replaces what was chosen
  });
  input.addEventListener("blur", () => {
    close();
    typed = false;
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
      if (active < 0 && (free || !typed)) close();
      else choose(Math.max(active, 0));
    } else if (event.key === "Escape") {
      if (isOpen()) close();
      else {
        input.value = "";
        typed = false;
      }
      event.preventDefault();
    }
  });
}
