// What the page knows. It lives here, in the page, and nowhere else.

export const state = {
  procedures: new Map(), // of the catalogue, by id
  reasons: new Map(), // of the catalogue, by key
  templates: {}, // the prefetch templates of discovery
  server: null, // the FHIR server behind the page, or null
  patient: null, // {id, name, sentence, orders}
  chart: [],
  drafts: [], // draft orders; the first is the one in the form
  chosen: { procedure: null, reasons: [] },
  pasted: null, // a request that was pasted, or null
  signed: false,
  signing: null, // number of the question that is asked before signing, while it is
  changed: false, // whether the chart is no longer as it was opened
  opened: 0, // number of the patient opened last
  asked: 0, // number of the latest question: an answer to an earlier one is dropped
};
