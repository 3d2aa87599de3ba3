/** Another site, which wishes our visitors no good. */

import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

export class Stranger {
  /** Another origin of the same site: browsers send `SameSite` cookies along from here. */
  readonly sibling: string;
  /** Another site altogether. */
  readonly foreigner: string;

  private constructor(
    port: number,
    private readonly pages: Map<string, string>,
    readonly close: () => void,
  ) {
    this.sibling = `http://localhost:${port}`;
    this.foreigner = `http://127.0.0.1:${port}`;
  }

  static async arrive(): Promise<Stranger> {
    const pages = new Map<string, string>();
    const listener = createServer((request, response) => {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
      response.end(pages.get(request.url ?? '') ?? '');
    });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return new Stranger((listener.address() as AddressInfo).port, pages, () => {
      listener.close();
      listener.closeAllConnections();
    });
  }

  /** Puts up a page, and gives its path. */
  puts(html: string): string {
    const path = `/page-${this.pages.size}`;
    this.pages.set(path, `<!doctype html><title>A stranger</title>${html}`);
    return path;
  }
}
