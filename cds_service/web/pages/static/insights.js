// Draws each chart from the table beside it: what is drawn is what the table says.
// Series differ by dash, marker or pattern too, and the colours come from the style sheet.

const DASHES = [[], [7, 4], [2, 3]];
const MARKERS = ["circle", "rect", "triangle"];
const MOST_BARS = 12;
const ROW = 38;
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
  let rows = [...table.tBodies[0].rows];
  if (box.dataset.chart === "bars") rows = rows.slice(0, MOST_BARS);
  const value = (row, column) => row.cells[column].dataset.value;
  return {
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
    ctx.font = `${textSize()}px ${style("--mono")}`;
    ctx.setLineDash([4, 3]);
    for (const index of at) {
      const x = scales.x.getPixelForValue(index);
      const right = x > chartArea.right - 90;
      ctx.beginPath();
      ctx.moveTo(x, chartArea.top);
      ctx.lineTo(x, chartArea.bottom);
      ctx.stroke();
      const width = ctx.measureText(MARK).width, left = right ? x - width - 4 : x + 4;
      ctx.fillStyle = style("--surface");
      ctx.fillRect(left - 2, chartArea.top, width + 4, textSize() * 1.4);
      ctx.fillStyle = style("--muted");
      ctx.fillText(MARK, left, chartArea.top + textSize());
    }
    ctx.restore();
  },
};

// The end of each bar says its sum, so that nobody has to measure.
const sums = {
  id: "sums",
  afterDatasetsDraw(chart, _, { on }) {
    if (!on) return;
    const { ctx, data, scales, chartArea } = chart;
    ctx.save();
    ctx.fillStyle = style("--text");
    ctx.font = `${textSize()}px ${getComputedStyle(document.body).fontFamily}`;
    ctx.textBaseline = "middle";
    data.labels.forEach((_, index) => {
      const sum = data.datasets.reduce((total, set) => total + (set.data[index] || 0), 0);
      const words = Number.isInteger(sum) ? String(sum) : sum.toFixed(1);
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

function configuration(box, { labels, series, marks: at }) {
  const kind = box.dataset.chart;
  const overTime = kind === "lines", bars = kind === "bars";
  const log = box.dataset.scale === "log";
  const font = { size: textSize(), family: getComputedStyle(document.body).fontFamily };
  const tick = { color: style("--muted"), font };
  const grid = { color: style("--line") };
  const numbers = {
    type: log ? "logarithmic" : "linear", beginAtZero: !log, grace: at.length && !bars && !log ? "12%" : 0, stacked: !overTime, grid, border: { display: false },
    ticks: log
      ? { ...tick, callback: (number) => (/^[125]0*$/.test(String(number)) ? number : "") }
      : { ...tick, maxTicksLimit: 6, precision: 0 },
    title: { display: true, text: log ? `${box.dataset.unit} (logarithmic)` : box.dataset.unit, color: style("--muted"), font },
  };
  const names = {
    stacked: !overTime, grid: { display: false },
    ticks: bars
      ? { ...tick, color: style("--text"), autoSkip: false, callback: (_, index) => lines(labels[index], box.clientWidth) }
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
      layout: { padding: { right: bars ? 36 : 4, top: 4 } },
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
        sums: { on: bars },
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
}

function drawAll() {
  charts.splice(0).forEach((chart) => chart.destroy());
  document.querySelectorAll("[data-chart]").forEach(draw);
  document.documentElement.dataset.charts = String(charts.length);
}

drawAll();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
addEventListener("beforeprint", () => charts.forEach((chart) => chart.resize()));
