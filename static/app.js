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

// Whoever pressed a button inside a region that is replaced goes on reading at its top.
let hadFocus = false;
document.addEventListener("htmx:before:swap", (event) => {
  const target = event.detail.ctx.target;
  hadFocus = target instanceof Element && target.contains(document.activeElement);
});
document.addEventListener("htmx:after:swap", (event) => {
  const lost = document.activeElement === document.body || document.activeElement === null;
  if (hadFocus && lost) event.detail.ctx.sourceElement?.closest("[tabindex='-1']")?.focus();
});

// No answer at all: say so in the place that waits for it.
document.addEventListener("htmx:error", (event) => {
  const target = event.detail.ctx?.target;
  const words = document.getElementById("offline");
  if (words && target?.isConnected) target.replaceChildren(words.content.cloneNode(true));
});
