// Tabs with automatic activation (ARIA Authoring Practices Guide, Tabs).

export function tabs(list) {
  const all = [...list.querySelectorAll('[role="tab"]')];
  function show(tab) {
    for (const each of all) {
      const selected = each === tab;
      each.setAttribute("aria-selected", String(selected));
      each.tabIndex = selected ? 0 : -1;
      document.getElementById(each.getAttribute("aria-controls")).hidden = !selected;
    }
    tab.focus();
  }
  list.addEventListener("click", (event) => {
    const tab = event.target.closest('[role="tab"]');
    if (tab) show(tab);
  });
  list.addEventListener("keydown", (event) => {
    const place = all.indexOf(document.activeElement);
    const to = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: all.length - 1 }[event.key];
    if (place < 0 || to === undefined) return;
    event.preventDefault();
    show(all[(to + all.length) % all.length]);
  });
}
