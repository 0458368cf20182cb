/* What HTML and htmx cannot say: an opened line is an event, focus survives a swap, and a lost
   network is told in words. Everything else works without scripts. */
"use strict";

// A <details> that comes open from the server fires toggle once by itself; that is not a person.
const openFromServer = new WeakSet(document.querySelectorAll("details[open]"));

document.addEventListener("toggle", (event) => {
  const details = event.target;
  const wasServer = openFromServer.delete(details);
  if (details.open && !wasServer) details.dispatchEvent(new CustomEvent("opened"));
}, true);

// Only one menu at a time, and Escape or a click elsewhere closes it.
const closeMenus = (keep) => document.querySelectorAll("details.me[open]").forEach((menu) => {
  if (menu !== keep) menu.open = false;
});
document.addEventListener("click", (event) => closeMenus(event.target.closest("details.me")));
document.addEventListener("keydown", (event) => { if (event.key === "Escape") closeMenus(null); });

// A link that looks like a button answers the space bar like one.
document.addEventListener("keydown", (event) => {
  if (event.key !== " " || !event.target.matches?.("a[role=button]")) return;
  event.preventDefault();
  event.target.click();
});

// Whoever pressed a button inside a region that is replaced goes on at the same button or, where
// it is gone, at the top of the region. The button is disabled while we wait, so this is noted
// before the request.
document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  const active = document.activeElement;
  if (ctx.target instanceof Element && ctx.target.contains(active)) {
    ctx.cameFrom = { button: active.id, region: ctx.target.id };
  }
});
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (!ctx.cameFrom || document.activeElement !== document.body) return;
  const { button, region } = ctx.cameFrom;
  (document.getElementById(button) ?? document.getElementById(region))?.focus();
});

// No answer at all: say so in the place that waits for it.
document.addEventListener("htmx:error", (event) => {
  const target = event.detail.ctx?.target;
  const words = document.getElementById("offline");
  if (words && target?.isConnected) target.replaceChildren(words.content.cloneNode(true));
});
