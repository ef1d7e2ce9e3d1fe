// Elements made one by one. Text is only ever set as text: nothing from a chart becomes markup.

export const byId = (id) => document.getElementById(id);

// Returns an element. An attribute that is a function listens to the event of that name; one that
// is false, null or undefined is left out.
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, String(value));
  }
  made.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return made;
}

// A link only where the address leads to the web; else its text.
export function webLink(url, text) {
  if (!/^https?:\/\//i.test(url ?? "")) return document.createTextNode(text);
  return element("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, text);
}

// Elements of a tree that the service made of Markdown: only these, with only a web address.
const TAGS = new Set(
  "p strong em s ul ol li a code pre blockquote h1 h2 h3 h4 h5 h6 hr br table thead tbody tr th td".split(" "),
);

export function fromTree(tree) {
  return tree.map((node) => {
    if (typeof node === "string") return node;
    const [tag, href, children] = node;
    const inner = fromTree(children);
    if (tag === "a" && /^https?:\/\//i.test(href)) {
      return element("a", { href, target: "_blank", rel: "noopener noreferrer" }, inner);
    }
    // a heading of a card must not stand among the headings of the page
    if (/^h[1-6]$/.test(tag)) return element("p", {}, element("strong", {}, inner));
    return TAGS.has(tag) && tag !== "a" ? element(tag, {}, inner) : inner;
  });
}

// Says something to people who use a screen reader, without moving the focus.
export function announce(text) {
  byId("announcement").textContent = text;
}

export function tag(text, kind = "") {
  return element("span", { class: `tag ${kind}` }, text);
}
