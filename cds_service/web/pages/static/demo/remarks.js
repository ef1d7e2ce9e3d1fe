// What is odd about a request, as lint says.

import { byId, element, tag } from "./elements.js";

export function showRemarks(remarks) {
  const kinds = { error: "critical", warning: "warning", note: "info" };
  byId("remarks").replaceChildren(
    element("h3", {}, remarks.length ? `What is odd about the request: ${remarks.length}` : "Nothing is odd about the request."),
    element(
      "ul",
      { class: "remarks" },
      remarks.map((each) =>
        element(
          "li",
          {},
          tag(each.severity, kinds[each.severity]),
          " ",
          element("code", {}, each.location),
          each.about ? ` ${each.about}` : "",
          `: ${each.message}${each.times > 1 ? ` (and ${each.times - 1} more like it)` : ""}. `,
          element("span", { class: "muted" }, `${each.todo}.`),
        ),
      ),
    ),
  );
}
