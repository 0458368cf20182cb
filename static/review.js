/* Review & import: boxes are counted; a key presses a button of the row that has the focus. */
"use strict";

const rowsOf = () => [...document.querySelectorAll("#review tbody[id]")];
const rowOf = (element) => element?.closest("#review tbody[id]");
const focusRow = (row) => (row?.querySelector("th a") ?? row?.querySelector("button"))?.focus();

// The box above the list has no name.
const showTicked = () => {
  const all = document.querySelector("[data-tick-all]");
  if (!all || all.disabled) return;
  const boxes = [...all.form.elements].filter((box) => box.type === "checkbox" && box.name);
  const ticked = boxes.filter((box) => box.checked).length;
  all.checked = ticked > 0 && ticked === boxes.length;
  all.indeterminate = ticked > 0 && ticked < boxes.length;
  all.form.querySelector("[data-ticked]").textContent = ticked || "";
};
document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-tick-all]")) {
    for (const box of target.form.elements) if (box.type === "checkbox") box.checked = target.checked;
  }
  showTicked();
});
window.addEventListener("pageshow", showTicked);
// Typed before htmx listened: search now.
document.addEventListener("htmx:after:init", ({ target }) => {
  const { id, q } = target;
  if (id === "find" && q.value !== q.defaultValue) htmx.trigger(target, "submit");
});

// After a decision the compared or next row has the focus.
let waiting = [];
document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  const row = rowOf(document.activeElement), rows = rowsOf(), at = rows.indexOf(row);
  const following = at < 0 ? [] : [...rows.slice(at + 1), ...rows.slice(0, at).reverse()];
  waiting = ctx.request.method === "POST" ? following.map(({ id }) => id) : [];
});
document.addEventListener("htmx:after:swap", () => {
  showTicked();
  const open = rowOf(document.querySelector("#review .compare"));
  const next = waiting.map((id) => document.getElementById(id)).find(Boolean);
  if (waiting.length || document.activeElement?.id === "review") focusRow(open ?? next);
  if (open?.contains(document.activeElement)) open.scrollIntoView({ block: "nearest" });
  waiting = [];
});

const step = (by) => {
  const rows = rowsOf(), at = rows.indexOf(rowOf(document.activeElement));
  focusRow(rows[at < 0 ? 0 : Math.max(0, Math.min(at + by, rows.length - 1))]);
};
const KEYS = { j: () => step(1), k: () => step(-1), "/": () => document.getElementById("find-text")?.focus() };
document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (target.id === "find-text" && key === "ArrowDown") step(1);
  if (target.matches("textarea, select, input:not([type=checkbox])")) return;
  const button = rowOf(target)?.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!button && !KEYS[key]) return;
  event.preventDefault();
  if (KEYS[key]) KEYS[key](); else if (!event.repeat) button.click();
});
