// The draft order: a ServiceRequest in FHIR R4, made of what the form says and kept as accepted.

export const PRIORITIES = ["routine", "urgent", "asap", "stat"];

export function newOrder(patientId) {
  return {
    resourceType: "ServiceRequest",
    id: `draft-${crypto.randomUUID().slice(0, 8)}`,
    status: "draft",
    intent: "order",
    priority: "routine",
    category: [
      { coding: [{ system: "http://snomed.info/sct", code: "363679005", display: "Imaging" }] },
    ],
    subject: { reference: `Patient/${patientId}` },
    authoredOn: new Date().toISOString().slice(0, 10),
  };
}

// Sets what is ordered; `text` is what the order says in words, by default the title.
export function setProcedure(order, procedure, text = "") {
  order.code = {
    ...(procedure.code ? { coding: [procedure.code] } : {}),
    text: text || procedure.title,
  };
}

// Sets the reasons: the coded ones, and one in words.
export function setReasons(order, codings, words) {
  const reasons = codings.map((coding) => ({ coding: [coding], text: coding.display }));
  if (words) reasons.push({ text: words });
  if (reasons.length) order.reasonCode = reasons;
  else delete order.reasonCode;
}

export const nameOf = (resource) => `${resource.resourceType}/${resource.id}`;

// Returns the title of an order as it is shown.
export function titleOf(order) {
  return order.code?.text || order.code?.coding?.[0]?.display || "an order without a name";
}

// Applies the actions of a suggestion to draft orders and returns the new list (CDS Hooks 2.0.1,
// Action). `resourceId` is a reference; some services send the id alone, or a list.
export function applied(drafts, actions) {
  let now = [...drafts];
  for (const action of actions ?? []) {
    if (action.type === "delete") {
      const gone = [action.resourceId ?? []].flat();
      now = now.filter((each) => !gone.includes(nameOf(each)) && !gone.includes(each.id));
    } else if (action.resource) {
      const resource = structuredClone(action.resource);
      const place = now.findIndex((each) => nameOf(each) === nameOf(resource));
      if (action.type === "update" && place >= 0) now[place] = resource;
      else now.push({ ...resource, id: resource.id ?? crypto.randomUUID() });
    }
  }
  return now;
}
