"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const tip = document.getElementById("tip");
const charts = [...document.querySelectorAll("svg.chart")];
const from = data.times[0];
const span = Math.max(1, data.times[data.times.length - 1] - from);

// The last point that is not after `time`.
function pointAt(time) {
  let low = 0;
  let high = data.times.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (data.times[middle] <= time) low = middle;
    else high = middle - 1;
  }
  return low;
}

function values(id, place) {
  switch (id) {
    case "pending": return [`${data.pending[place]} pods pending`];
    case "cost": return [`${data.cost[place].toFixed(4)} an hour`];
    case "nodes": return data.nodes.map(([name, counts]) => `${counts[place]} ${name}`);
    default: return [];
  }
}

function show(chart, event) {
  const box = chart.getBoundingClientRect();
  const { left, right } = chart.dataset;
  const width = chart.viewBox.baseVal.width;
  const x = (event.clientX - box.left) / box.width * width;
  const share = (x - left) / (width - left - right);
  if (share < 0 || share > 1) return hide();
  const time = from + share * span;
  const id = chart.querySelector("title").id.replace("-title", "");
  const mark = event.target.closest("a");
  const when = new Date(time).toISOString().slice(0, 19) + "Z";
  const lines = mark ? [mark.getAttribute("aria-label")] : [when, ...values(id, pointAt(time))];
  for (const cursor of document.querySelectorAll(".cursor")) {
    cursor.setAttribute("x1", x);
    cursor.setAttribute("x2", x);
    cursor.setAttribute("visibility", "visible");
  }
  tip.textContent = lines.join("\n");
  tip.hidden = false;
  const beyond = event.clientX + tip.offsetWidth + 24 > window.innerWidth;
  tip.style.left = `${event.clientX + (beyond ? -tip.offsetWidth - 12 : 12)}px`;
  tip.style.top = `${event.clientY + 12}px`;
}

function hide() {
  tip.hidden = true;
  for (const cursor of document.querySelectorAll(".cursor")) cursor.setAttribute("visibility", "hidden");
}

// A mark leads to its decision, which opens.
function open() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (target && target.tagName === "DETAILS") target.open = true;
}

for (const chart of charts) {
  chart.addEventListener("pointermove", (event) => show(chart, event));
  chart.addEventListener("pointerleave", hide);
}
window.addEventListener("hashchange", open);
open();
