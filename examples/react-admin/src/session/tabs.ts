/** Messages between the tabs of this client. */

import type { AccessToken } from './token';

/** A fresh token for all tabs, or the news that somebody has signed out. */
export type Message = { token: AccessToken } | 'signed out';

const channel = new BroadcastChannel('vestibule');

export const notifyTabs = (message: Message): void => channel.postMessage(message);

/** Calls `listener` for each message of another tab, until the returned function is called. */
export function listenToTabs(listener: (message: Message) => void): () => void {
  const receive = ({ data }: MessageEvent<Message>) => listener(data);
  channel.addEventListener('message', receive);
  return () => channel.removeEventListener('message', receive);
}
