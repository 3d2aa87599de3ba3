/** Follows the events of the session, so that this page leaves as soon as it has ended. */

import { API, Problem, send } from './server';

/** Time until a new attempt, in milliseconds, if the server has no stream to give. */
const POLL = 30_000;
/** A new cookie may still be on its way. */
const MOMENT = 300;

/**
 * Calls `onEnd` when the session of the cookie has ended. Following is no use of the session, and a hidden page holds no
 * connection. Returns a function that stops it.
 */
export function followSession(onEnd: () => void): () => void {
  let stream: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const close = () => {
    stream?.close();
    clearTimeout(timer);
  };
  const open = () => {
    close();
    if (document.hidden) return;
    const opened = new EventSource(`${API}/events`, { withCredentials: true });
    // After a new password the session goes on, with a new cookie and a new stream.
    opened.addEventListener('ended', ({ data }) => (JSON.parse(data).reason === 'replaced' ? retry(MOMENT) : onEnd()));
    opened.addEventListener('poll', check);
    // A lost connection is made again by the browser. A refusal closes the stream.
    opened.onerror = () => opened.readyState === EventSource.CLOSED && check();
    stream = opened;
  };
  const retry = (after: number) => {
    close();
    timer = setTimeout(open, after);
  };
  const check = () => {
    retry(POLL);
    send('HEAD', '/me').catch((problem) => problem instanceof Problem && problem.status === 401 && onEnd());
  };

  document.addEventListener('visibilitychange', open);
  open();
  return () => {
    document.removeEventListener('visibilitychange', open);
    close();
  };
}
