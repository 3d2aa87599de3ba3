/** The session of this page: how it starts and ends, for every part of the client. */

import { useSyncExternalStore } from 'react';
import type { Me } from '../api';
import { Problem, send } from './server';
import { listenToTabs, notifyTabs } from './tabs';
import { accessToken, expireToken, forgetToken, keepToken } from './token';

export type Session =
  | { state: 'starting' }
  /** `reason` is for people; there is none for somebody who was not signed in here. */
  | { state: 'signed out'; reason?: string }
  /** The server gives no answer, so it is not known. */
  | { state: 'unknown'; problem: string }
  | { state: 'signed in'; me: Me; notice?: string };

const NOT_KEPT =
  'The browser did not keep the cookie of the session: this page and the server have to be of the same site.';

let session: Session = { state: 'starting' };
const watchers = new Set<() => void>();

function change(next: Session): void {
  session = next;
  watchers.forEach((notify) => notify());
}

function watch(notify: () => void): () => void {
  watchers.add(notify);
  return () => watchers.delete(notify);
}

export const useSession = (): Session => useSyncExternalStore(watch, () => session);

/** Finds out who is signed in, by the cookie. */
export async function startSession(texts: { reason?: string; notice?: string } = {}): Promise<void> {
  const starting: Session = { state: 'starting' };
  change(starting);
  // The stream may report a sign-out before its answer arrives: then this start is no longer of interest.
  const isObsolete = () => session !== starting;
  try {
    const me = await send<Me>('GET', '/me', { token: await accessToken() });
    if (!isObsolete()) change({ state: 'signed in', me, notice: texts.notice });
  } catch (failure) {
    if (isObsolete()) return;
    const problem = asProblem(failure);
    forgetToken();
    if (problem.status === 401) change({ state: 'signed out', reason: texts.reason });
    else change({ state: 'unknown', problem: problem.message });
  }
}

/**
 * One request of the API, with the token. If the session has ended this page leaves, and for no other answer.
 *
 * @throws {Problem} for everything but success
 */
export async function call<Answer>(method: string, path: string, json?: unknown): Promise<Answer> {
  try {
    const token = await accessToken();
    try {
      return await send<Answer>(method, path, { token, json });
    } catch (failure) {
      if (asProblem(failure).status !== 401) throw failure;
      // A token ends before its time when the password is entered again. Whether the session has ended, a refresh says.
      expireToken(token);
      return await send<Answer>(method, path, { token: await accessToken(), json });
    }
  } catch (failure) {
    const problem = asProblem(failure);
    if (problem.status === 401) leave();
    throw problem;
  }
}

/** @throws {Problem} such as 401 for a wrong password, and 429 after too many */
export async function signIn(username: string, password: string): Promise<void> {
  const askedAt = Date.now();
  const form = new URLSearchParams({ grant_type: 'password', username, password });
  try {
    keepToken(await send('POST', '/token', { form }), askedAt);
    await demandCookie();
  } catch (failure) {
    const problem = asProblem(failure);
    if (problem.code !== 'already_signed_in') throw problem;
    return startSession({ notice: 'This browser was signed in already. Sign out to use another account.' });
  }
  await startSession();
}

/** Signs out here and in the other tabs. Without an answer nobody is signed out. */
export async function signOut(): Promise<void> {
  await call('POST', '/logout');
  forgetToken();
  notifyTabs('signed out');
  change({ state: 'signed out', reason: 'You are signed out.' });
}

/**
 * Removes everything of the session from this page, and starts again: with the sign-in form if the session has ended, or
 * else with the session that the cookie now is of.
 */
export function leave(reason = 'Your session has ended. Sign in again.'): void {
  if (session.state !== 'signed in') return;
  forgetToken();
  void startSession({ reason });
}

/** Listens to the other tabs. Returns a function that stops it. */
export function followTabs(): () => void {
  return listenToTabs((message) => {
    if (message === 'signed out') leave('You signed out in another tab.');
    else if (session.state === 'signed out' || session.state === 'unknown') void startSession();
  });
}

/** Without its cookie the session would end here with its first token. */
async function demandCookie(): Promise<void> {
  try {
    await send('HEAD', '/me');
  } catch (failure) {
    if (asProblem(failure).status !== 401) throw failure;
    await send('POST', '/logout', { token: await accessToken() });
    forgetToken();
    throw new Problem(0, { detail: NOT_KEPT });
  }
}

const asProblem = (failure: unknown): Problem =>
  failure instanceof Problem ? failure : new Problem(0, { detail: String(failure) });
