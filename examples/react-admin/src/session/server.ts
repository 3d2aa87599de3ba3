/** Requests to the Vestibule server, and its refusals in words. */

const named = document.querySelector<HTMLMetaElement>('meta[name=vestibule]');

/** The origin of the server, as index.html names it. */
export const SERVER = new URL(named?.content ?? location.origin).origin;

/** Where its API begins. */
export const API = `${SERVER}/api/v1`;

/** Longer than the server takes for any answer, so that a dead connection does not block all tabs. */
const TIMEOUT = 40_000;

const NO_ANSWER =
  'The server cannot be reached, or does not name the origin of this page. Nobody was signed out: check the connection, then try again.';

/** A reason why a request was not carried out; `field` is the member that was refused, if it was one. */
type Reason = { code?: string; detail: string; field?: string };

/** A request that was not carried out. `message` is for people. */
export class Problem extends Error {
  /** The status of the answer; 0 without one. Only 401 means signed out. */
  readonly status: number;
  /** The reason, for programs; empty if it came from a proxy in between. */
  readonly code: string;
  /** What react-admin shows beside the fields of a form. */
  readonly body: { errors?: Record<string, string> };

  /** With several reasons, `errors` has them all, and the first is the problem itself. */
  constructor(status: number, { errors, ...first }: Reason & { errors?: Reason[] }) {
    super(first.detail);
    this.status = status;
    this.code = first.code ?? '';
    const fields = (errors ?? [first]).flatMap(({ field, detail }) => (field ? [[field, detail] as const] : []));
    this.body = fields.length > 0 ? { errors: Object.fromEntries(fields) } : {};
  }
}

type Request = { token?: string; form?: URLSearchParams; json?: unknown };

/**
 * Sends a request, and returns the body of its answer. The cookie is sent with it: beside a token it gives no right, but
 * the server refuses a token whose session is not that of the cookie.
 *
 * @throws {Problem} for everything but success
 */
export async function send<Answer>(method: string, path: string, { token, form, json }: Request = {}): Promise<Answer> {
  const headers: Record<string, string> = {};
  if (token) headers['Authorization'] = `Bearer ${token}`;
  if (json) headers['Content-Type'] = 'application/json';
  const body = json ? JSON.stringify(json) : (form ?? null);
  const signal = AbortSignal.timeout(TIMEOUT);
  try {
    const answer = await fetch(API + path, { method, headers, body, signal, credentials: 'include', cache: 'no-store' });
    const text = await answer.text();
    if (!answer.ok) throw problem(answer.status, text);
    return (text ? JSON.parse(text) : undefined) as Answer;
  } catch (failure) {
    throw failure instanceof Problem ? failure : new Problem(0, { detail: NO_ANSWER });
  }
}

/** A problem as the server describes it (RFC 9457). A proxy in between answers with something else. */
function problem(status: number, text: string): Problem {
  try {
    return new Problem(status, JSON.parse(text));
  } catch {
    return new Problem(status, { detail: `The server is not available right now (${status}). Try again in a moment.` });
  }
}
