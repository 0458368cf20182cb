// All works without scripts.
"use strict";

const LOST = ":scope > .lost";
const on = (...event) => document.addEventListener(...event);

// What comes open fires toggle by itself.
const served = new WeakSet(document.querySelectorAll("details[open]"));
on("toggle", ({ target }) => {
  if (!served.delete(target) && target.open) target.dispatchEvent(new CustomEvent("opened"));
}, true);

// One menu at a time.
const closeMenus = (keep) => {
  for (const menu of document.querySelectorAll("details.me[open]")) menu.open = menu === keep;
};
on("click", ({ target }) => closeMenus(target.closest("details.me")));

on("keydown", (event) => {
  if (event.key === "Escape") closeMenus();
  // A link like a button: space.
  if (event.key !== " " || !event.target.matches?.("a[role=button]")) return;
  event.preventDefault();
  event.target.click();
});

// After a swap people go on where they acted, at its top until that is back.
const used = {};
on("htmx:config:request", ({ detail: { ctx } }) => {
  const { target } = ctx, { id } = document.activeElement;
  if (target?.querySelector(":focus")) used[target.id] = id;
  if (target?.matches(":focus-within")) ctx.cameFrom = [used[target.id], target.id];
  if (ctx.sourceEvent.type !== "load") target?.querySelector(LOST)?.remove();
});
on("htmx:after:swap", ({ detail: { ctx } }) => {
  const { activeElement: active, body } = document;
  if (active !== body && active.id !== ctx.cameFrom?.[1]) return;
  ctx.cameFrom?.map((id) => document.getElementById(id)).find(Boolean)?.focus();
});

const show = (region, words, again) => {
  if (region.querySelector(LOST)) return;
  region.prepend(document.getElementById("lost-" + words).content.cloneNode(true));
  return Object.assign(region.querySelector(LOST + " button"), { onclick: again });
};

// No answer, or a proxy's. What asks by itself goes on, ever more slowly.
const tell = ({ sourceElement: source, sourceEvent: event, request, target, cameFrom }) => {
  if (!target?.isConnected) return;
  const again = () => htmx.ajax(request.method, request.action, { source, event });
  const button = show(target, request.method, again);
  if (cameFrom && document.activeElement === document.body) button?.focus();
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
  const { target: form, submitter } = event, { onLine } = navigator;
  if (event.defaultPrevented || form.method !== "post") return;
  if (!onLine || sent.has(form)) event.preventDefault();
  if (!onLine) return show(form, "offline", () => form.requestSubmit(submitter));
  sent.add(form);
  setTimeout(() => sent.delete(form), 9e3);
});
window.onpageshow = () => sent.clear();
