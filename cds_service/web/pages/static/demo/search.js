// Search by the beginnings of words: every word typed must begin a word of what is found.

const words = (text) => text.toLowerCase().match(/[\p{L}\p{N}.]+/gu) ?? [];

// Returns a function that finds entries by what is typed, best first; `spoken` gives the text that
// an entry is shown by, `more` further words it is known by. Entries keep their order among equals.
export function searcher(entries, spoken, more = () => "") {
  const known = entries.map((entry) => {
    const shown = words(spoken(entry));
    return { entry, shown, all: [...shown, ...words(more(entry))] };
  });
  return (typed) => {
    const wanted = words(typed);
    if (!wanted.length) return known.map((each) => each.entry);
    const found = [];
    for (const each of known) {
      if (!wanted.every((word) => each.all.some((one) => one.startsWith(word)))) continue;
      const inShown = wanted.filter((word) => each.shown.some((one) => one.startsWith(word))).length;
      const first = each.shown[0]?.startsWith(wanted[0]) ? 1 : 0;
      found.push({ entry: each.entry, rank: inShown * 2 + first });
    }
    found.sort((a, b) => b.rank - a.rank); // stable: equals stay in the order of the catalogue
    return found.map((each) => each.entry);
  };
}
