// Draws each chart from the table beside it: what is drawn is what the table says.
// Series differ by dash, marker or pattern too, and the colours come from the style sheet.

const DASHES = [[], [7, 4], [2, 3]];
const MARKERS = ["circle", "rect", "triangle"];
const MOST_BARS = 12;
const ROW = 38;
const PAPER = "on-paper"; // the class under which the page keeps its light colours
const MARK = "new content";
const charts = [];

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const colour = (index) => style(`--series-${index + 1}`);
const textSize = () => parseFloat(getComputedStyle(document.documentElement).fontSize) * 0.8;

// Stripes, dots or nothing on a ground: three bars that differ without colour.
function pattern(index) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const draw = tile.getContext("2d");
  draw.fillStyle = colour(index);
  draw.fillRect(0, 0, 8, 8);
  draw.fillStyle = draw.strokeStyle = style("--surface");
  draw.lineWidth = 1.6;
  if (index === 1) {
    draw.beginPath();
    draw.moveTo(-2, 6); draw.lineTo(6, -2); draw.moveTo(2, 10); draw.lineTo(10, 2);
    draw.stroke();
  } else if (index === 2) {
    draw.beginPath();
    draw.arc(4, 4, 2.2, 0, 2 * Math.PI);
    draw.fill();
  }
  return draw.createPattern(tile, "repeat");
}

function read(box) {
  const table = document.getElementById(box.dataset.table);
  const heads = [...table.tHead.rows[0].cells];
  const all = [...table.tBodies[0].rows];
  const rows = box.dataset.chart === "bars" ? all.slice(0, MOST_BARS) : all;
  const value = (row, column) => row.cells[column].dataset.value;
  const counts = heads.findIndex((head) => head.dataset.key === box.dataset.count);
  return {
    left: all.length - rows.length,
    counts: counts < 0 ? null : rows.map((row) => Number(value(row, counts))),
    labels: rows.map((row) => value(row, 0)),
    marks: rows.flatMap((row, index) => (row.dataset.mark ? [index] : [])),
    series: box.dataset.series.split(" ").map((key) => {
      const column = heads.findIndex((head) => head.dataset.key === key);
      const numbers = rows.map((row) => (value(row, column) === "" ? null : Number(value(row, column))));
      return { label: heads[column].textContent, data: numbers };
    }),
  };
}

// A dashed line where another version of the content began.
const marks = {
  id: "marks",
  beforeDatasetsDraw(chart, _, { at }) {
    if (!at) return;
    const { ctx, chartArea, scales } = chart;
    ctx.save();
    ctx.strokeStyle = style("--muted");
    ctx.setLineDash([4, 3]);
    for (const index of at) {
      const x = scales.x.getPixelForValue(index);
      ctx.beginPath();
      ctx.moveTo(x, chartArea.top);
      ctx.lineTo(x, chartArea.bottom);
      ctx.stroke();
    }
    ctx.restore();
  },
  // its words stand above the lines of the chart, on a ground of their own
  afterDatasetsDraw(chart, _, { at }) {
    if (!at) return;
    const { ctx, chartArea, scales } = chart;
    ctx.save();
    ctx.font = `${textSize()}px ${getComputedStyle(document.body).fontFamily}`;
    for (const index of at) {
      const x = scales.x.getPixelForValue(index), width = ctx.measureText(MARK).width;
      const left = x > chartArea.right - width - 8 ? x - width - 4 : x + 4;
      ctx.fillStyle = style("--surface");
      ctx.fillRect(left - 2, chartArea.top, width + 4, textSize() * 1.4);
      ctx.fillStyle = style("--muted");
      ctx.fillText(MARK, left, chartArea.top + textSize());
    }
    ctx.restore();
  },
};

// The end of each bar says its sum, so that nobody has to measure, and out of how many it is.
const sums = {
  id: "sums",
  afterDatasetsDraw(chart, _, { on, counts }) {
    if (!on) return;
    const { ctx, data, scales, chartArea } = chart;
    ctx.save();
    ctx.fillStyle = style("--text");
    ctx.font = `${textSize()}px ${getComputedStyle(document.body).fontFamily}`;
    ctx.textBaseline = "middle";
    data.labels.forEach((_, index) => {
      const sum = data.datasets.reduce((total, set) => total + (set.data[index] || 0), 0);
      const number = sum.toLocaleString("en", { maximumFractionDigits: 1 });
      const words = counts ? `${number} (${counts[index].toLocaleString("en")})` : number;
      const x = Math.min(scales.x.getPixelForValue(sum) + 4, chartArea.right + 4);
      ctx.fillText(words, x, scales.y.getPixelForValue(index));
    });
    ctx.restore();
  },
};

// A label on at most two lines that leave room for the bars; the table has the whole of it.
function lines(text, width) {
  const most = Math.max(12, Math.floor((width * 0.4) / (textSize() * 0.56)));
  const found = [""];
  for (const word of text.split(" ")) {
    const last = found.length - 1;
    if (!found[last]) found[last] = word;
    else if (found[last].length + word.length < most) found[last] += ` ${word}`;
    else found.push(word);
  }
  const shown = found.slice(0, 2);
  if (found.length > 2) shown[1] += "…";
  return shown.map((line) => (line.length > most ? `${line.slice(0, most - 1)}…` : line));
}

function configuration(box, { labels, series, marks: at, counts }) {
  const kind = box.dataset.chart;
  const overTime = kind === "lines", bars = kind === "bars";
  const log = box.dataset.scale === "log";
  const room = textSize() * (counts ? 6 : 3); // for the numbers at the ends of bars
  const unit = log ? `${box.dataset.unit} (logarithmic)` : box.dataset.unit;
  const font = { size: textSize(), family: getComputedStyle(document.body).fontFamily };
  const tick = { color: style("--muted"), font };
  const grid = { color: style("--line") };
  const numbers = {
    type: log ? "logarithmic" : "linear", beginAtZero: !log, grace: at.length && !bars && !log ? "12%" : 0, stacked: !overTime, grid, border: { display: false },
    ticks: log
      ? { ...tick, callback: (number) => (/^[125]0*$/.test(String(number)) ? number : "") }
      : { ...tick, maxTicksLimit: 6, precision: 0 },
    title: { display: true, text: unit, color: style("--muted"), font },
  };
  const names = {
    stacked: !overTime, grid: { display: false },
    ticks: bars
      ? { ...tick, color: style("--text"), autoSkip: false, callback: (_, index) => lines(labels[index], box.clientWidth - room) }
      : { ...tick, maxRotation: 0, autoSkipPadding: 16 },
  };
  return {
    type: overTime ? "line" : "bar",
    data: {
      labels,
      datasets: series.map((set, index) => ({
        ...set,
        borderColor: colour(index),
        backgroundColor: overTime ? colour(index) : pattern(index),
        borderWidth: overTime ? 2 : 1,
        borderDash: overTime ? DASHES[index] : [],
        pointStyle: MARKERS[index],
        pointRadius: labels.length > 45 ? 0 : 3,
        pointHitRadius: 8,
        spanGaps: false,
        maxBarThickness: 26,
      })),
    },
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      indexAxis: bars ? "y" : "x",
      interaction: { mode: "index", axis: bars ? "y" : "x", intersect: false },
      layout: { padding: { right: bars ? room : 4, top: 4 } },
      scales: bars ? { x: numbers, y: names } : { x: names, y: numbers },
      plugins: {
        legend: {
          display: series.length > 1,
          labels: {
            color: style("--text"), font, usePointStyle: overTime, boxWidth: 18, pointStyleWidth: 32,
            generateLabels: (chart) => Chart.defaults.plugins.legend.labels.generateLabels(chart)
              .map((item) => (overTime ? { ...item, pointStyle: "line", lineWidth: 2, lineDash: DASHES[item.datasetIndex] } : item)),
          },
        },
        tooltip: { animation: false, bodyFont: font, titleFont: font },
        marks: { at: overTime || kind === "columns" ? at : null },
        sums: { on: bars, counts },
      },
    },
    plugins: [marks, sums],
  };
}

function draw(box) {
  const data = read(box);
  if (box.dataset.chart === "bars") {
    const legend = data.series.length > 1 ? 40 : 0;
    box.style.height = `${Math.max(3, data.labels.length) * ROW + 70 + legend}px`;
  }
  box.hidden = false;
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `Chart: ${box.dataset.title}. ${box.dataset.says} The figures are in the table below.`);
  box.replaceChildren(canvas);
  charts.push(new Chart(canvas, configuration(box, data)));
  if (data.left && !box.nextElementSibling?.matches(".left-out")) {
    const told = document.createElement("p");
    told.className = "hint left-out";
    told.textContent = `Drawn are the first ${data.labels.length} of ${data.labels.length + data.left}. The table has all.`;
    box.after(told);
  }
}

function drawAll() {
  charts.splice(0).forEach((chart) => chart.destroy());
  document.querySelectorAll("[data-chart]").forEach(draw);
  document.documentElement.dataset.charts = String(charts.length);
}

drawAll();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);

// Paper is white: for it the charts are drawn in the colours of the light page.
function onPaper(paper) {
  document.documentElement.classList.toggle(PAPER, paper);
  drawAll();
}
addEventListener("beforeprint", () => onPaper(true));
addEventListener("afterprint", () => onPaper(false));

// A long period takes the database seconds: what was asked for says that it is on its way.
const asked = new Map();
function waiting(button) {
  if (asked.has(button)) return;
  asked.set(button, button.textContent);
  button.textContent = "Counting…";
  button.setAttribute("aria-busy", "true");
  document.getElementById("waiting").textContent = "Counting…";
}
document.querySelector(".filters")?.addEventListener("submit", (event) => waiting(event.submitter ?? event.target.querySelector("button")));
document.querySelector(".presets")?.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) waiting(link);
});
addEventListener("pageshow", () => {
  for (const [button, words] of asked) {
    button.textContent = words;
    button.removeAttribute("aria-busy");
  }
  asked.clear();
  document.getElementById("waiting")?.replaceChildren();
});
