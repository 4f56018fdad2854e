// The timeline that can be zoomed: one plot per lane, drawn anew for the span shown. Without it the strips stand.
const LANE_HEIGHT = 46;
const BAR_WIDTH = 4;
const SIDE = 22;  // pixels beside the lanes, for the words of the first and last tick
const LEVELS = ["informational", "low", "medium", "high", "critical"];
const LEAST_SPAN = 0.02;  // seconds
// Seconds between two ticks. The library's own list ends at a century, and one stray row can make millennia of a period.
const DAY = 86400;
const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map(each => each / 1000), ...[1, 5, 10, 15, 30], ...[1, 5, 10, 15, 30].map(each => each * 60),
  ...[1, 2, 3, 4, 6, 8, 12].map(each => each * 3600), ...[1, 2, 3, 4, 5, 7, 10, 15, 30, 60, 90, 120, 180].map(each => each * DAY),
  ...[1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500].map(each => each * 365 * DAY),
];
const timelineData = document.getElementById("timeline-data");
const chart = timelineData ? makeChart(JSON.parse(timelineData.textContent)) : null;

function decoded([lane, word, step, first, ...pairs]) {
  const times = new Float64Array(pairs.length / 2);
  const sums = new Float64Array(pairs.length / 2 + 1);
  let time = first;
  for (let n = 0; n < times.length; n++) {
    times[n] = time += pairs[2 * n];
    sums[n + 1] = sums[n] + pairs[2 * n + 1];
  }
  return { lane, word, step, times, sums };
}

/** Return the place of the first of the rising times that is not before the one given. */
function firstFrom(times, time) {
  let low = 0, high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < time) low = middle + 1; else high = middle;
  }
  return low;
}

function countBetween(lane, from, to) {
  return lane.sums[firstFrom(lane.times, to)] - lane.sums[firstFrom(lane.times, from)];
}

/** Return the text of a cell, without the word for its level where that says nothing. */
function textOf(cell, levelled) {
  const shown = cell.cloneNode(true);
  if (levelled) shown.querySelector(".word")?.remove();
  return shown.textContent.trim().replace(/\s+/g, " ");
}

/** Return the entries of the table below: what is drawn one by one. */
function entriesOf(lanes) {
  const timeOf = row => Date.parse(row.querySelector("time")?.dateTime ?? "") / 1000;
  const dated = entries => entries.filter(entry => !Number.isNaN(entry.time)).sort((one, two) => one.time - two.time);
  const entries = [...document.querySelectorAll("tr[id^='moment-']")].map(row => ({
    row, lane: row.dataset.lane, level: row.className.replace("level-", ""), time: timeOf(row),
    text: textOf(row.cells[2], row.className === "level-informational"),
  }));
  const story = [...document.querySelectorAll("tr[id^='story-']")].map((row, at) => ({ number: at + 1, time: timeOf(row) }));
  return { entries: dated(entries), story: dated(story) };
}

function makeChart(data) {
  const lanes = data.lanes.map(decoded);
  const margin = Math.max((data.last - data.first) * 0.01, 1);
  const whole = { from: data.first - margin, to: data.last + margin };
  const made = { lanes, whole, first: data.first, last: data.last, from: whole.from, to: whole.to, offsets: data.offsets, zone: data.zone, local: false, plots: [], ...entriesOf(lanes) };
  const strips = [...document.querySelectorAll("figure.strip")];
  made.figure = document.createElement("figure");
  made.figure.className = "chart";
  made.area = document.createElement("div");
  made.area.className = "plots";
  made.figure.append(made.area);
  timelineData.after(made.figure);
  for (const strip of strips) strip.hidden = true;
  made.offsetAt = time => {
    let offset = made.offsets[0]?.[1] ?? 0;  // before the first too: the margin lies there
    for (const [from, value] of made.offsets) if (from <= time) offset = value;
    return offset;
  };
  made.shifted = time => time + (made.local ? made.offsetAt(time) : 0);
  made.written = time => new Date(made.shifted(time) * 1000).toISOString().replace("T", " ").slice(0, 19);
  lanes.forEach((lane, number) => made.plots.push(plotOf(made, lane, number)));
  return made;
}

function plotOf(chart, lane, number) {
  const name = document.createElement("span");
  name.className = "lane";
  name.textContent = lane.word;
  const place = document.createElement("div");
  place.className = "plot";
  chart.area.append(name, place);
  const last = number === chart.lanes.length - 1;
  const style = property => getComputedStyle(document.documentElement).getPropertyValue(property).trim();
  const options = {
    width: Math.max(place.clientWidth, 100), height: LANE_HEIGHT + (last ? 34 : 0), padding: [0, SIDE, 0, SIDE],
    tzDate: time => uPlot.tzDate(new Date(chart.shifted(time) * 1000), "Etc/UTC"),
    legend: { show: false },
    cursor: { y: false, points: { show: false }, sync: { key: "timeline", scales: ["x", null] }, drag: { x: true, y: false, setScale: false } },
    scales: { x: { time: true }, y: { range: (_, __, most) => [0, Math.max(most || 0, 1) * 1.15] } },
    axes: [
      { show: last, stroke: () => style("--soft"), grid: { show: false }, ticks: { stroke: () => style("--line"), size: 5 }, size: 38, font: "12px system-ui, sans-serif", space: 70, incrs: STEPS, values: (_, ticks, __, ___, step) => ticks.map((tick, at) => tickText(chart, tick, ticks[at - 1], step)) },
      { show: false },
    ],
    series: [{}, { fill: () => style("--soft") + "99", width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.9, 14] }) }],
    hooks: { drawClear: [plot => drawGround(chart, plot, style)], draw: [plot => drawMarks(chart, lane, plot, number, style)] },
  };
  return new uPlot(options, binned(chart, lane, options.width), place);
}

/** Return what stands under a tick: the time of day or the day, and above it only what changed since the tick before. */
function tickText(chart, tick, before, step) {
  const [day, time] = chart.written(tick).split(" ");
  const dayBefore = before === undefined ? "" : chart.written(before).slice(0, 10);
  if (step >= 365 * DAY) return day.slice(0, 4);
  if (step >= DAY) return day.slice(0, 4) === dayBefore.slice(0, 4) ? day.slice(5) : `${day.slice(5)}\n${day.slice(0, 4)}`;
  const text = step >= 60 ? time.slice(0, 5) : step >= 1 ? time : `${time}.${tick.toFixed(3).split(".")[1]}`;
  return day === dayBefore ? text : `${text}\n${day}`;
}

function binned(chart, lane, width) {
  const bins = Math.max(Math.floor(width / BAR_WIDTH), 10);
  const step = (chart.to - chart.from) / bins;
  const times = new Array(bins), heights = new Array(bins);
  for (let n = 0; n < bins; n++) {
    const from = chart.from + n * step;
    const count = countBetween(lane, from, from + step);
    times[n] = from + step / 2;
    heights[n] = count ? 1 + Math.log2(count) : null;
  }
  return [times, heights];
}

function drawChart(chart) {
  chart.plots.forEach((plot, number) => plot.batch(() => {
    plot.setData(binned(chart, chart.lanes[number], plot.width), false);
    plot.setScale("x", { min: chart.from, max: chart.to });
  }));
}

function drawGround(chart, plot, style) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = style("--line");
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(bbox.left, bbox.top + bbox.height - 0.5);
  ctx.lineTo(bbox.left + bbox.width, bbox.top + bbox.height - 0.5);
  ctx.stroke();
  ctx.restore();
}

/** Draw what was told one by one: a shape per entry by its level, and a numbered line per moment of the story. */
function drawMarks(chart, lane, plot, number, style) {
  const { ctx, bbox } = plot;
  const inside = time => time >= chart.from && time <= chart.to;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = style("--accent");
  ctx.lineWidth = devicePixelRatio;
  ctx.font = `600 ${11 * devicePixelRatio}px system-ui, sans-serif`;
  let written = -Infinity;
  for (const { number: nth, time } of chart.story) {
    if (!inside(time)) continue;
    const x = Math.round(plot.valToPos(time, "x", true)) + 0.5;
    ctx.globalAlpha = 0.6;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.globalAlpha = 1;
    if (number === 0 && x - written > 14 * devicePixelRatio) {
      ctx.fillText(String(nth), x + 3 * devicePixelRatio, bbox.top + 10 * devicePixelRatio);
      written = x;
    }
  }
  const shown = chart.entries.filter(entry => entry.lane === lane.lane && inside(entry.time));
  shown.sort((one, two) => LEVELS.indexOf(one.level) - LEVELS.indexOf(two.level));
  for (const entry of shown) {
    ctx.fillStyle = style(`--${entry.level}`);
    drawShape(ctx, entry.level, plot.valToPos(entry.time, "x", true), bbox.top + bbox.height - 7 * devicePixelRatio, 5 * devicePixelRatio);
  }
  ctx.restore();
}

function drawShape(ctx, level, x, y, size) {
  ctx.beginPath();
  if (level === "critical") { ctx.moveTo(x, y - size * 1.3); ctx.lineTo(x + size * 1.3, y); ctx.lineTo(x, y + size * 1.3); ctx.lineTo(x - size * 1.3, y); }
  else if (level === "high") { ctx.moveTo(x, y - size * 1.1); ctx.lineTo(x + size, y + size); ctx.lineTo(x - size, y + size); }
  else if (level === "medium") ctx.rect(x - size * 0.85, y - size * 0.85, size * 1.7, size * 1.7);
  else ctx.arc(x, y, size * (level === "low" ? 0.8 : 0.55), 0, 2 * Math.PI);
  ctx.closePath();
  ctx.fill();
}
