/** Another site, which attacks our visitors. */

import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

export class Attacker {
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

  static async arrive(): Promise<Attacker> {
    const pages = new Map<string, string>();
    const listener = createServer((request, response) => {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
      response.end(pages.get(request.url ?? '') ?? '');
    });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return new Attacker((listener.address() as AddressInfo).port, pages, () => {
      listener.close();
      listener.closeAllConnections();
    });
  }

  /** Serves a page, and returns its path. */
  serve(html: string): string {
    const path = `/page-${this.pages.size}`;
    this.pages.set(path, `<!doctype html><title>An attacker</title>${html}`);
    return path;
  }
}
