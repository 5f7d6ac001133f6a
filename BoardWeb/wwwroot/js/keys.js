// Single keys for what is done often. Off while somebody types, and for whoever has switched them off (WCAG 2.1.4); the sheet is then reached by its button below the page.

const sheet = document.getElementById('keys');
const on = document.getElementById('keys-on');
const rows = 'article.post, .list > li, .hits > li';

function isOn() {
  try { return localStorage.getItem('keys') !== 'off'; } catch { return true; }
}

function show() {
  on.checked = isOn();
  sheet.showModal();
}

// --- What the keys do ---------------------------------------------------------------------------------------------------

function move(by) {
  const all = [...document.querySelectorAll(rows)];
  const at = all.indexOf(document.activeElement?.closest(rows));
  // From elsewhere to the first one that is in sight, or below.
  const next = at >= 0 ? all[at + by] : all.find(row => row.getBoundingClientRect().bottom > 0);
  if (!next) return;
  const focus = next.querySelector('a.title, h2 a') ?? next;
  if (focus === next) next.tabIndex = -1;
  focus.focus({ preventScroll: true });
  next.scrollIntoView({ block: 'nearest' });
}

function newTopic() {
  const channel = document.querySelector('a[data-channel]');
  go(document.querySelector('a[data-new-topic]')?.href ?? (channel && `${channel.href}/new`));
}

function reply() {
  const link = document.activeElement?.closest('article.post')?.querySelector('a[data-reply]');
  if (link) link.click();
  else document.querySelector('#reply textarea')?.focus();
}

function search() {
  const field = document.getElementById('q');
  if (field) field.focus();
  else go('/search');
}

const unread = () => go((document.querySelector('a.unread') ?? document.querySelector('li:has(.unread) a.title'))?.href);

function go(address) {
  if (address) location.assign(address);
}

const actions = { j: () => move(1), k: () => move(-1), c: newTopic, r: reply, '/': search, u: unread, 'g h': () => go('/'), '?': show };

// --- Keys ---------------------------------------------------------------------------------------------------------------

let before, since = 0;

document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented || sheet.open || !isOn()) return;
  const typing = event.target.closest('input, textarea, select, [contenteditable]');
  if (typing && !sheet.contains(typing)) return; // a sheet that was just closed has the focus until the browser has drawn the page
  const two = `${before} ${event.key}`;
  const action = (event.timeStamp - since < 1000 && Object.hasOwn(actions, two)) ? actions[two] : Object.hasOwn(actions, event.key) ? actions[event.key] : null;
  [before, since] = [event.key, event.timeStamp];
  if (!action) return;
  event.preventDefault(); // or the key would be typed into the field it leads to
  action();
});

on.addEventListener('change', () => {
  try { localStorage.setItem('keys', on.checked ? 'on' : 'off'); } catch { /* a browser that keeps nothing */ }
});
document.getElementById('keys-close').addEventListener('click', () => sheet.close());
const open = document.getElementById('keys-open');
open.hidden = false;
open.addEventListener('click', show);
