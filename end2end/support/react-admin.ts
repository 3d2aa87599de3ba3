/** The single-page client of `examples/react-admin`, served as its README says: by a server of static files. */

import { createServer } from 'node:http';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

const EXAMPLE = path.resolve(__dirname, '..', '..', 'examples', 'react-admin');
const DIST = path.join(EXAMPLE, 'dist');
/** The address of the server in the built page, and in the policy of the README. */
const BUILT_FOR = 'http://localhost:3000';
const DOCUMENTED_FOR = 'https://id.example.org';
const TYPES: Record<string, string> = { html: 'text/html; charset=utf-8', js: 'text/javascript', svg: 'image/svg+xml' };

/** The content security policy that the README gives to operators. */
const POLICY = /Content-Security-Policy "(.+)" always;/.exec(readFileSync(path.join(EXAMPLE, 'README.md'), 'utf8'))![1]!;

export class ReactAdmin {
  /** The server of the API. It is started later, because it has to know the origin of this page. */
  server = '';
  /** As a page of the same site as the servers of the tests: a port is no part of a site. */
  readonly origin: string;
  /** The same page of another site. */
  readonly foreign: string;

  private constructor(
    port: number,
    readonly close: () => void,
  ) {
    this.origin = `http://localhost:${port}`;
    this.foreign = `http://127.0.0.1:${port}`;
  }

  static async serve(): Promise<ReactAdmin> {
    if (!existsSync(path.join(DIST, 'index.html'))) throw new Error('There is no client to test. Run: make react-admin');
    const listener = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '/', client.origin);
      const file = path.join(DIST, pathname === '/' ? 'index.html' : path.normalize(pathname));
      if (!existsSync(file)) return void response.writeHead(404).end();
      const content = readFileSync(file, 'utf8').replaceAll(BUILT_FOR, client.server);
      const type = TYPES[file.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
      const policy = POLICY.replaceAll(DOCUMENTED_FOR, client.server);
      response.writeHead(200, { 'content-type': type, 'content-security-policy': policy }).end(content);
    });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const client = new ReactAdmin((listener.address() as AddressInfo).port, () => {
      listener.close();
      listener.closeAllConnections();
    });
    return client;
  }
}
