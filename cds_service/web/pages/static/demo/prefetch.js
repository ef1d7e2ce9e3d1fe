// What an EHR prefetches: the templates of discovery, filled from the chart that the page holds.
// CDS Hooks 2.0.1, Prefetch Template. Only what our own templates use is understood.

export function prefetch(templates, chart, patientId) {
  return Object.fromEntries(
    Object.entries(templates).map(([key, template]) => [key, filled(template, chart, patientId)]),
  );
}

function filled(template, chart, patientId) {
  const query = template.replaceAll("{{context.patientId}}", patientId);
  const [path, search] = query.split("?");
  const [type, id] = path.split("/");
  if (id) return chart.find((each) => each.resourceType === type && each.id === id) ?? null;
  const wanted = new URLSearchParams(search);
  let found = chart.filter((each) => each.resourceType === type);
  for (const name of ["code", "category"]) {
    if (wanted.has(name)) {
      const tokens = new Set(wanted.get(name).split(","));
      found = found.filter((each) => codings(each[name]).some((coding) => tokens.has(coding)));
    }
  }
  if (wanted.get("_sort") === "-date") {
    const when = (each) => each.effectiveDateTime ?? "";
    found = found.toSorted((a, b) => when(b).localeCompare(when(a)));
  }
  found = found.slice(0, Number(wanted.get("_count") ?? found.length));
  return {
    resourceType: "Bundle",
    type: "searchset",
    total: found.length,
    entry: found.map((resource) => ({ resource })),
  };
}

function codings(concepts) {
  return [concepts ?? []]
    .flat()
    .flatMap((concept) => concept.coding ?? [])
    .map((coding) => `${coding.system}|${coding.code}`);
}
