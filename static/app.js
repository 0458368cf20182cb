/* What HTML and htmx cannot say: an opened line is an event, focus survives a swap, a lost network
   is told in words, and a form goes out once. All works without scripts. */
"use strict";

const LOST = ":scope > .lost";
const on = (name, listener, early) => document.addEventListener(name, listener, early);

// What comes open fires toggle by itself.
const served = new WeakSet(document.querySelectorAll("details[open]"));
on("toggle", ({ target }) => {
  const wasServed = served.delete(target);
  if (target.open && !wasServed) target.dispatchEvent(new CustomEvent("opened"));
}, true);

// One menu at a time; Escape or a click elsewhere closes it.
const closeMenus = (keep) => {
  for (const menu of document.querySelectorAll("details.me[open]")) menu.open = menu === keep;
};
on("click", ({ target }) => closeMenus(target.closest("details.me")));

on("keydown", (event) => {
  if (event.key === "Escape") closeMenus();
  // A link that looks like a button answers the space bar.
  if (event.key !== " " || !event.target.matches?.("a[role=button]")) return;
  event.preventDefault();
  event.target.click();
});

// Whoever acts in a region that is replaced goes on there, or at its top.
on("htmx:config:request", ({ detail: { ctx } }) => {
  const active = document.activeElement, { target } = ctx;
  if (target?.contains(active)) ctx.cameFrom = [active.id, target.id];
  if (ctx.sourceEvent.type === "load") return;
  target?.querySelectorAll(LOST).forEach((words) => words.remove());
});
on("htmx:after:swap", ({ detail: { ctx } }) => {
  if (document.activeElement !== document.body) return;
  ctx.cameFrom?.map((id) => document.getElementById(id)).find(Boolean)?.focus();
});

// No answer, or a proxy's: the region keeps what was typed and ticked, and offers another try.
// What asks by itself goes on, ever more slowly.
const tell = ({ sourceElement: source, sourceEvent: event, request, target, cameFrom }) => {
  if (!target?.isConnected) return;
  const again = () => htmx.ajax(request.method, request.action, { source, event });
  if (!target.querySelector(LOST)) {
    target.prepend(document.getElementById("lost").content.cloneNode(true));
    const button = target.querySelector(LOST + " button");
    button.onclick = again;
    if (cameFrom && document.activeElement === document.body) button.focus();
  }
  const tries = source.tries = (source.tries ?? 0) + 1;
  if (event.type === "load" && tries < 20) setTimeout(again, Math.min(500 * 2 ** tries, 3e4));
};
on("htmx:error", ({ detail: { ctx } }) => ctx && tell(ctx));
on("htmx:before:response", (event) => {
  if (event.detail.ctx.hx.ours) return;
  event.preventDefault();
  tell(event.detail.ctx);
});

const sent = new Set();
on("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (sent.has(form)) event.preventDefault();
  sent.add(form);
  setTimeout(() => sent.delete(form), 9e3);
});
window.addEventListener("pageshow", () => sent.clear());
