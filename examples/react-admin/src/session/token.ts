/**
 * The access token: in the memory of this page, and nowhere else. It is refreshed on demand, by one tab for all of
 * them. The session itself is a cookie that no script can read.
 */

import { Problem, send } from './server';
import { listenToTabs, notifyTabs } from './tabs';

export type AccessToken = {
  text: string;
  /** The id of its session. */
  session: string;
  /** By this browser's clock, in milliseconds. */
  endsAt: number;
};

/** What the server answers to a sign-in and to a refresh. */
type Grant = { access_token: string; expires_in: number };

/** A token with less time left is refreshed before it is used: requests take time, and clocks differ. */
const LEAST_LEFT = 30_000;
/** A message of another tab arrives at most this much later than the lock that the tab has released. */
const MOMENT = 200;
const LOCK = 'vestibule-refresh';

let held: AccessToken | undefined;
let refreshing: Promise<string> | undefined;

const fresh = () => (held && held.endsAt - Date.now() > LEAST_LEFT ? held.text : undefined);

/**
 * A token for a request that somebody has asked for: a refresh counts as use of the session.
 *
 * @throws {Problem} 401 if the session has ended, or if the cookie is that of another session
 */
export async function accessToken(): Promise<string> {
  return fresh() ?? (refreshing ??= refreshOnce().finally(() => (refreshing = undefined)));
}

/** Keeps the token of a sign-in, and hands it on. */
export function keepToken({ access_token: text, expires_in }: Grant, askedAt: number): string {
  const token = { text, session: sessionOf(text), endsAt: askedAt + expires_in * 1_000 };
  if (held && held.session !== token.session) {
    throw new Problem(401, { detail: 'Somebody else has signed in in this browser.' });
  }
  held = token;
  notifyTabs({ token });
  return text;
}

/** The server refuses this token: the next request needs another one, of the same session. */
export function expireToken(text: string): void {
  if (held?.text === text) held = { ...held, endsAt: 0 };
}

export function forgetToken(): void {
  held = undefined;
}

listenToTabs((message) => {
  // This page stays with its session: another one may be that of another person.
  if (message !== 'signed out' && (!held || held.session === message.token.session)) held = message.token;
});

/** One refresh at a time over all tabs, by a lock that they share. */
async function refreshOnce(): Promise<string> {
  const own = await navigator.locks.request(LOCK, { ifAvailable: true }, (lock) => lock && refresh());
  return own ?? navigator.locks.request(LOCK, async () => (await handedOn()) ?? refresh());
}

async function refresh(): Promise<string> {
  const askedAt = Date.now();
  return keepToken(await send<Grant>('POST', '/token/refresh'), askedAt);
}

/** The token of the tab that had the lock before, unless its refresh failed. */
function handedOn(): Promise<string | undefined> {
  if (fresh()) return Promise.resolve(fresh());
  return new Promise((resolve) => {
    const finish = () => {
      stop();
      resolve(fresh());
    };
    const stop = listenToTabs(finish);
    setTimeout(finish, MOMENT);
  });
}

/** The claim `sid` of a token. This page only compares it; whether the token is valid is for the server to say. */
function sessionOf(token: string): string {
  const [, claims = ''] = token.split('.');
  return JSON.parse(atob(claims.replaceAll('-', '+').replaceAll('_', '/'))).sid;
}
