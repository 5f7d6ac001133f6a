// The live part of the board. Everything works without it; it only adds: times in the reader's own zone, posts that appear as they arrive,
// replies without leaving the page, and drafts that survive a closed tab.

const posts = document.getElementById('posts');

function localTimes(root) {
  // As the reader's own browser writes them, if that speaks the page's language.
  const language = document.documentElement.lang;
  const locale = navigator.languages.find(own => own === language || own.startsWith(`${language}-`)) ?? language;
  const shown = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
  for (const time of root.querySelectorAll('time')) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.valueOf())) time.textContent = shown.format(at);
  }
}

// --- Posts as they arrive -----------------------------------------------------------------------------------------------

function live(list) {
  const arrived = document.getElementById('arrived');
  const button = arrived.querySelector('button');
  let after = list.dataset.after;
  let source, unseen = [], wait = 500;

  button.addEventListener('click', () => {
    unseen[0]?.scrollIntoView({ block: 'start' });
    seen();
  });
  addEventListener('scroll', () => { if (unseen.length && atEnd()) seen(); }, { passive: true });

  function seen() {
    unseen = [];
    arrived.hidden = true;
  }

  const atEnd = () => list.getBoundingClientRect().bottom < innerHeight + 120;

  function add(html) {
    const post = new DOMParser().parseFromString(html, 'text/html').querySelector('article.post');
    if (!post) return;
    const there = document.getElementById(post.id);
    if (there) { // it was edited, deleted or restored
      localTimes(post);
      there.replaceWith(post);
      return;
    }
    const wasAtEnd = atEnd();
    // Ids rise with time. What was written on the far side of a broken link may belong further up.
    const later = [...list.children].find(other => other.dataset.id > post.dataset.id);
    const height = document.documentElement.scrollHeight;
    const above = later && later.getBoundingClientRect().top < 0;
    localTimes(post);
    post.classList.add('new');
    list.insertBefore(post, later ?? null);
    setTimeout(() => post.classList.remove('new'), 4000);
    // Nobody's line may jump while they read.
    if (above && !CSS.supports('overflow-anchor', 'auto')) scrollBy(0, document.documentElement.scrollHeight - height);
    if (wasAtEnd) return;
    unseen.push(post);
    button.textContent = unseen.length === 1 ? arrived.dataset.one : arrived.dataset.many.replace('{0}', unseen.length);
    arrived.hidden = false;
  }

  function listen() {
    source = new EventSource(`${list.dataset.live}?after=${encodeURIComponent(after)}`);
    const note = event => { if (event.lastEventId) after = event.lastEventId; wait = 500; };
    source.addEventListener('ping', note);
    source.addEventListener('post', event => { note(event); add(event.data); });
    source.addEventListener('here', showHere);
    source.addEventListener('reload', () => {
      source.close();
      arrived.hidden = false;
      button.textContent = arrived.dataset.reload;
      button.addEventListener('click', () => location.reload(), { once: true });
    });
    // The browser itself tries again after a broken connection, but not after an answer like 503: then another node may be better.
    source.addEventListener('error', () => {
      list.dataset.connected = '';
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(listen, wait + Math.random() * wait);
      wait = Math.min(wait * 2, 15000);
    });
    source.addEventListener('open', () => { list.dataset.connected = 'yes'; });
  }

  listen();
  addEventListener('pagehide', () => source.close());
  addEventListener('pageshow', event => { if (event.persisted) listen(); });
}

// --- Who is here --------------------------------------------------------------------------------------------------------

const here = document.getElementById('here');

// Plain text, and nothing that a screen reader would announce: whoever wants to know finds it under the heading.
function showHere(event) {
  if (here) here.textContent = event.data;
}

// A page of older posts gets no new ones, but its reader is there as well.
function hereOnly() {
  let source;
  const listen = () => {
    source = new EventSource(here.dataset.live);
    source.addEventListener('here', showHere);
  };
  listen();
  addEventListener('pagehide', () => source.close());
  addEventListener('pageshow', event => { if (event.persisted) listen(); });
}

// --- The operator's console ---------------------------------------------------------------------------------------------

function renewLater(part) {
  setTimeout(async () => {
    if (!document.hidden) await renew(part);
    renewLater(part);
  }, part.dataset.every * 1000);
}

async function renew(part) {
  const old = document.getElementById('ops-old');
  try {
    const answer = await fetch(location.href, { signal: AbortSignal.timeout(10000) });
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById(part.id);
    old.hidden = answer.ok && fresh !== null;
    if (!old.hidden) return;
    localTimes(fresh);
    part.replaceChildren(...fresh.childNodes);
  } catch {
    old.hidden = false;
  }
}

// --- Replies ------------------------------------------------------------------------------------------------------------

function replies(form) {
  const answering = form.querySelector('.answering');
  const field = form.querySelector('[name=InReplyTo]');
  document.addEventListener('click', event => {
    const link = event.target.closest('a[data-reply]');
    if (link) {
      event.preventDefault();
      field.value = link.dataset.reply;
      answering.querySelector('b').textContent = link.dataset.author;
      answering.hidden = false;
      form.elements.Body.focus();
      form.scrollIntoView({ block: 'nearest' });
    } else if (event.target.closest('.answering a')) {
      event.preventDefault();
      field.value = '';
      answering.hidden = true;
    }
  });
}

// --- Drafts -------------------------------------------------------------------------------------------------------------

function drafts(form) {
  const text = form.elements.Body;
  const key = `draft:${form.dataset.draft}`;
  try {
    // A form the server filled in (after a fault, a preview) knows better. One that was sent is done with.
    if (!text.value && sessionStorage.getItem(key)) text.value = sessionStorage.getItem(key);
    text.addEventListener('input', () => sessionStorage.setItem(key, text.value));
    form.addEventListener('submit', event => { if (!event.submitter?.name) sessionStorage.setItem('draft-sent', key); });
  } catch { /* a browser that keeps nothing */ }
}

// A second click sends the same key, so it would post once all the same; this only keeps people from wondering.
function once(form) {
  form.addEventListener('submit', event => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = 'yes';
    setTimeout(() => delete form.dataset.sent, 5000);
  });
  addEventListener('pageshow', () => delete form.dataset.sent);
}

// A draft is only forgotten on the page that follows a post that was saved: not on an error page, which does not run this, nor on the way back from it.
function forgetSent() {
  try {
    const sent = sessionStorage.getItem('draft-sent');
    if (!sent || performance.getEntriesByType('navigation')[0]?.type === 'back_forward') return;
    sessionStorage.removeItem('draft-sent');
    if (![...document.querySelectorAll('.fault')].some(fault => fault.textContent.trim())) sessionStorage.removeItem(sent);
  } catch { /* a browser that keeps nothing */ }
}

forgetSent();
localTimes(document);
if (posts?.dataset.live && 'EventSource' in window) live(posts);
else if (here && 'EventSource' in window) hereOnly();
const ops = document.getElementById('ops');
if (ops) renewLater(ops);
const reply = document.getElementById('reply');
if (reply) replies(reply);
document.querySelectorAll('form[data-draft]').forEach(drafts);
document.querySelectorAll('main form').forEach(once);
