/** Everything in a page that a script could read. */

import type { Page } from '@playwright/test';
import { SESSION_COOKIE } from './visitor';

/** Everything that a script on the page can read, as bytes, by name. */
export async function haystacks(page: Page): Promise<Map<string, Buffer>> {
  const readable = await page.evaluate(async (cookieName) => {
    const stored = (storage: Storage) => JSON.stringify(Object.entries(storage));
    const databases = await indexedDB.databases();
    const rows = async ({ name }: IDBDatabaseInfo) => {
      const opening = indexedDB.open(name!);
      const database = await new Promise<IDBDatabase>((resolve) => (opening.onsuccess = () => resolve(opening.result)));
      const stores = [...database.objectStoreNames];
      const all = stores.map((store) => {
        const reading = database.transaction(store).objectStore(store).getAll();
        return new Promise((resolve) => (reading.onsuccess = () => resolve(reading.result)));
      });
      return JSON.stringify([name, stores, await Promise.all(all)]);
    };
    const cached = async (name: string) => {
      const cache = await caches.open(name);
      const answers = (await cache.matchAll()).map((answer) => answer.text());
      return JSON.stringify([name, (await cache.keys()).map(({ url }) => url), await Promise.all(answers)]);
    };
    const cookieStore = (window as unknown as { cookieStore: { getAll(name?: string): Promise<unknown> } }).cookieStore;
    const memory = new Uint8Array(window.wasmMemory?.buffer ?? new ArrayBuffer(0));
    let bytes = '';
    for (let at = 0; at < memory.length; at += 8192) bytes += String.fromCharCode(...memory.subarray(at, at + 8192));
    return {
      'document.cookie': document.cookie,
      cookieStore: JSON.stringify([await cookieStore.getAll(), await cookieStore.getAll(cookieName)]),
      document: document.documentElement.outerHTML + document.title + document.referrer + location.href,
      fields: JSON.stringify([...document.querySelectorAll('input')].map(({ value }) => value)),
      localStorage: stored(localStorage),
      sessionStorage: stored(sessionStorage),
      indexedDB: (await Promise.all(databases.map(rows))).join(),
      caches: (await Promise.all((await caches.keys()).map(cached))).join(),
      history: JSON.stringify(history.state),
      'window.name': window.name,
      WebAssembly: bytes,
    };
  }, SESSION_COOKIE);
  const found = new Map(Object.entries(readable).map(([source, text]) => [source, asBytes(source, text)]));
  return found.set('JavaScript heap', await heap(page));
}

function asBytes(source: string, text: string): Buffer {
  return Buffer.from(text, source === 'WebAssembly' ? 'latin1' : 'utf8');
}

/** Every string in the page's JavaScript. */
async function heap(page: Page): Promise<Buffer> {
  const profiler = await page.context().newCDPSession(page);
  const chunks: string[] = [];
  profiler.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => chunks.push(chunk));
  await profiler.send('HeapProfiler.takeHeapSnapshot');
  await profiler.detach();
  return Buffer.from(chunks.join(''));
}

/** The sources that contain one of the needles. */
export function sourcesWith(haystacks: Map<string, Buffer>, ...needles: (string | Buffer)[]): string[] {
  const holds = (bytes: Buffer) => needles.some((needle) => bytes.includes(needle));
  return [...haystacks].filter(([, bytes]) => holds(bytes)).map(([source]) => source);
}
