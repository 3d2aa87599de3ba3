// Keeps an open page with its session: covers it while nobody knows whether the session lives, and leaves when it
// has ended. It announces a sign-in that the person has to review. It needs no other script and no element of the page
// but <meta name="person">. docs/adr/0024
(() => {
  'use strict';
  const EVENTS = '/session/events';
  const SIGNED_OUT = '/signed-out';
  const COVERED = 'data-covered';
  const MOMENT = 300; // a newer cookie may still be on its way
  const OPENING = 2_000; // a stream speaks as soon as it is open,
  const SILENCE = 20_000; // and then every 15 s
  const POLL = 5_000;
  const FORM = 40_000; // longer than the server takes to answer a form

  const root = document.documentElement;
  const person = document.querySelector('meta[name=person]')?.content;
  const tabs = self.BroadcastChannel && new BroadcastChannel('session');

  // Out of the back/forward cache: the session may have ended in the meantime.
  addEventListener('pageshow', ({ persisted }) => {
    if (!persisted) return;
    root.hidden = true;
    location.reload();
  });

  // Once the page is complete Chromium focuses the element that the address names again, also when a password is
  // being typed elsewhere. The code of a password link names no element, and stays.
  addEventListener('DOMContentLoaded', () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (target && document.activeElement !== document.body) {
      history.replaceState(history.state, '', location.pathname + location.search);
    }
  });

  if (!person) {
    if (location.pathname === SIGNED_OUT) tabs?.postMessage('');
    return;
  }

  let stream, spoke, heardAt, focused;
  let inPage; // what had the focus before a dialogue
  let asked = 0;
  let askedAt = 0;
  let replacedAt = 0;
  let sentAt = 0;
  let endsAt = Infinity; // by this browser's clock, which goes on while the computer sleeps
  let leaving = false;
  let timedOut = false;

  const cover = () => {
    if (root.hasAttribute(COVERED)) return;
    focused = document.activeElement.closest('dialog') ? inPage : document.activeElement;
    root.setAttribute(COVERED, '');
    for (const part of parts()) part.inert = true;
  };
  const uncover = () => {
    if (!root.hasAttribute(COVERED)) return;
    root.removeAttribute(COVERED);
    for (const part of parts()) part.inert = false;
    focused?.focus?.();
  };
  const parts = () => document.querySelectorAll('body > :not(dialog, script)');

  const close = () => {
    stream?.close();
    stream = undefined;
  };

  // The page is loaded anew, so nothing private stays in memory. A form that is under way comes first: its answer
  // may set a cookie, and leads on by itself.
  const leave = (path) => {
    if (leaving) return;
    leaving = Date.now();
    close();
    go(path);
  };
  const go = (path) => {
    const sending = root.hasAttribute('data-under-way') || Date.now() - sentAt < FORM;
    if (!sending || Date.now() - leaving > POLL) cover();
    if (sending) setTimeout(go, MOMENT, path);
    else location.replace(path);
  };

  // The page may be in use, so it is not loaded anew: a link leads to the review.
  let newest;
  const review = (told) => {
    const place = document.getElementById('new-sign-in');
    newest ??= place?.dataset.newest ?? '';
    if (!place || told === newest) return;
    newest = told;
    const card = document.getElementById('new-sign-ins');
    if (!told) card?.setAttribute('hidden', '');
    if (!told || card?.querySelector(`[value$="${told}"]`)) return place.replaceChildren();
    const { words, another, link, path } = place.dataset;
    const way = document.createElement('a');
    way.href = path;
    way.textContent = link;
    place.replaceChildren(`${card && !card.hidden ? another : words} `, way);
  };

  const lives = (told) => {
    if (leaving) return;
    if (told.person !== person) return leave('/');
    if (told.to_review !== undefined) review(told.to_review ?? ''); // null if there is none, absent if unknown
    timedOut = false;
    replacedAt = 0;
    endsAt = Date.now() + Math.min(told.idle_ends_at, told.absolute_ends_at) - told.now;
    // It closes the dialogues, under which nothing can take the focus.
    document.dispatchEvent(new CustomEvent('session-lives', { detail: told }));
    if (!document.hidden) uncover();
  };

  // After a time-out another script may let the person go on, by preventing what is done otherwise.
  const ended = (reason, wayOut) => {
    close();
    if (reason === 'replaced' && Date.now() - (replacedAt ||= Date.now()) < POLL) return setTimeout(check, MOMENT);
    if (reason === 'idle' || reason === 'expired') {
      timedOut = true;
      cover();
      if (!document.dispatchEvent(new CustomEvent('session-timed-out', { detail: reason, cancelable: true }))) return;
    }
    const here = encodeURIComponent(location.pathname + location.search);
    leave(wayOut ?? (reason === 'signed_out' ? SIGNED_OUT : `/login?next=${here}`));
  };

  // No use of the session. Without an answer nobody is thrown out; a late one counts no more.
  const ask = async (wayOut) => {
    const mine = ++asked;
    askedAt = Date.now();
    const options = { method: 'HEAD', cache: 'no-store', signal: AbortSignal.timeout(POLL) };
    const answer = await fetch(EVENTS, options).catch(() => undefined);
    if (!answer || mine !== asked || leaving) return;
    const told = answer.headers.get('x-session');
    if (answer.status === 401) ended(answer.headers.get('x-ended'), wayOut);
    else if (told) lives(JSON.parse(told));
  };

  const hear = (act) => (event) => {
    spoke = true;
    heardAt = Date.now();
    act?.(JSON.parse(event.data));
  };
  const open = () => {
    close();
    spoke = false;
    heardAt = Date.now();
    const opened = new EventSource(EVENTS);
    opened.addEventListener('session', hear(lives));
    opened.addEventListener('ended', hear(({ reason }) => ended(reason)));
    opened.addEventListener('alive', hear());
    // A newer page of the same person takes the place of this one.
    opened.addEventListener('poll', () => {
      spoke = false;
      close();
    });
    opened.onerror = () => {
      spoke = false;
      heardAt = Date.now();
      // Refused: the browser does not try again by itself.
      if (opened.readyState === EventSource.CLOSED) setTimeout(ask, MOMENT);
    };
    stream = opened;
  };
  const check = () => {
    if (leaving) return;
    open();
    ask();
  };

  // A page that nobody sees holds no stream, and is covered until it was checked again.
  const look = () => {
    if (!document.hidden) return check();
    close();
    cover();
  };
  // Streams that a proxy holds back, and those that died while the computer slept, say nothing.
  const tick = () => {
    if (document.hidden || timedOut || leaving) return;
    const over = Date.now() - endsAt;
    if (over >= 0) cover();
    const isSilent = Date.now() - heardAt > (spoke ? SILENCE : OPENING) || over > OPENING;
    if (!isSilent || Date.now() - askedAt < POLL) return;
    if (stream?.readyState === EventSource.CLOSED) open();
    ask();
  };

  document.addEventListener('focusout', ({ target, relatedTarget }) => {
    if (!target.closest('dialog')) inPage = relatedTarget || !document.hasFocus() ? target : undefined;
  });
  document.addEventListener('visibilitychange', look);
  document.addEventListener('session-check', () => (document.hidden ? ask() : check()));
  addEventListener('online', look);
  addEventListener('submit', (event) => {
    if (!event.defaultPrevented) sentAt = Date.now();
  });
  if (tabs) {
    tabs.postMessage(person);
    tabs.onmessage = ({ data }) => {
      if (data === '') ask(SIGNED_OUT);
      else if (data !== person) ask();
      else if (timedOut) check();
    };
  }
  setInterval(tick, 1_000);
  if (document.hidden) cover();
  else open();
})();
