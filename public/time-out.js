// Warns ahead of a time-out, and lets the same person go on after it (WCAG 2.2.1, 2.2.5). follow.js says how the
// session lives; the dialogues come with the page. Parts are looked up when they are needed: something else may have
// put others in their place.
(() => {
  'use strict';
  const AHEAD = 120_000; // so long ahead people are warned; in a short session for a third of it,
  const AT_LEAST = 20_000; // and never for less than this (WCAG 2.2.1)
  const READ_OUT = [60, 30, 10]; // seconds: not every one is read out
  const USE = 60_000; // typing is reported at most this often; in a short session after a quarter of its idle time

  const part = (id) => document.getElementById(id);
  const say = (id, words) => {
    const element = part(id);
    if (element && element.textContent !== words) element.textContent = words;
  };
  const check = () => document.dispatchEvent(new Event('session-check'));
  const post = (form, body) =>
    fetch(form.action, { method: 'POST', headers: { accept: 'application/json' }, body: new URLSearchParams(body) }).catch(
      () => undefined,
    );

  // By this browser's clock, which goes on while the computer sleeps.
  let endsAt = Infinity;
  let ahead = 0;
  let canStay = true; // use does not extend the time limit
  let hasSeen = false;
  let usedAt = Date.now(); // loading the page was use
  let useEvery = 0;

  const close = () => part('time-out-warning')?.close();

  const tick = () => {
    const left = endsAt - Date.now();
    if (left <= 0) {
      endsAt = Infinity;
      close();
    } else if (left <= ahead && !hasSeen && !document.hidden) warn(Math.ceil(left / 1_000));
  };
  const warn = (seconds) => {
    const warning = part('time-out-warning');
    if (!warning) return;
    if (!warning.open) {
      warning.showModal();
      say('time-out-said', '');
      say('time-out-problem', '');
    }
    const left = seconds < 2 ? 'a second' : seconds <= 90 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;
    const words = canStay
      ? `You will be signed out in ${left} because you have been inactive.`
      : `Your session reaches its time limit in ${left}. Then sign in to continue here.`;
    if (READ_OUT.includes(seconds)) say('time-out-said', words);
    say('time-out-words', words);
  };

  document.addEventListener('session-lives', ({ detail }) => {
    const left = Math.min(detail.idle_ends_at, detail.absolute_ends_at) - detail.now;
    endsAt = Date.now() + left;
    canStay = detail.idle_ends_at < detail.absolute_ends_at;
    useEvery = Math.max(useEvery, Math.min(USE, left / 4));
    ahead = Math.max(ahead, Math.min(AHEAD, Math.max(left / 3, Math.min(AT_LEAST, left / 2))));
    if (left > ahead) close();
    // Nothing that was typed to sign in again stays.
    if (part('sign-in-again')?.open) {
      part('sign-in-again-form').reset();
      reveal(false);
    }
    part('sign-in-again')?.close();
    tick();
  });

  document.addEventListener('session-timed-out', (event) => {
    const again = part('sign-in-again');
    if (!again) return;
    event.preventDefault();
    endsAt = Infinity;
    close();
    if (again.open) return;
    const { value, dataset } = part('sign-in-again-name');
    say('sign-in-again-who', value);
    say(
      'sign-in-again-reason',
      `You were signed out after ${dataset[event.detail]}. Sign in to continue – what you typed is still here.`,
    );
    again.showModal();
  });

  const stay = async (form) => {
    if (!canStay) {
      hasSeen = true;
      return close();
    }
    say('time-out-problem', '');
    const answer = await post(form);
    if (answer?.ok || answer?.status === 401) return check();
    say(
      'time-out-problem',
      'You are not signed out yet, but the server cannot be reached. Check your connection, and try again.',
    );
  };

  // Who writes for long sends nothing else. The stream reports the new end.
  const use = async () => {
    if (!canStay || endsAt === Infinity || Date.now() - usedAt < useEvery) return;
    usedAt = Date.now();
    const answer = await post(part('time-out-stay'));
    if (answer?.status === 401) check();
  };

  const reveal = (isShown) => {
    part('sign-in-again-password').type = isShown ? 'text' : 'password';
    const button = part('sign-in-again-show');
    button.textContent = isShown ? 'Hide' : 'Show';
    button.setAttribute('aria-label', `${button.textContent} password`);
  };

  const signIn = async (form) => {
    say('sign-in-again-problem', '');
    reveal(false);
    const answer = await post(form, new FormData(form));
    if (answer?.ok) return check();
    const { refused, throttled, failed } = part('sign-in-again-problem').dataset;
    say('sign-in-again-problem', { 401: refused, 429: throttled }[answer?.status] ?? failed);
    const password = part('sign-in-again-password');
    password.value = '';
    password.focus();
  };

  // While they are caught: a dialogue's "cancel" does not bubble.
  const on = (name, acts) => {
    const act = (event) => {
      const act = acts[event.target.id];
      if (!act) return;
      event.preventDefault();
      act(event.target);
    };
    document.addEventListener(name, act, true);
  };
  document.addEventListener('input', use, true);
  on('click', { 'sign-in-again-show': () => reveal(part('sign-in-again-password').type === 'password') });
  on('submit', { 'time-out-stay': stay, 'sign-in-again-form': signIn });
  // Escape asks for the same as the button; behind the sign-in there is nothing to go back to.
  on('cancel', { 'time-out-warning': () => stay(part('time-out-stay')), 'sign-in-again': () => {} });
  setInterval(tick, 1_000);
})();
