/** The line between browser and server: it hears everything, and a test can bend it. */

import { createServer, request as send, type IncomingHttpHeaders, type Server as HttpServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

export type Exchange = {
  method: string;
  url: string;
  requestHeaders: IncomingHttpHeaders;
  requestBody: string;
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
};

export class Wire {
  readonly heard: Exchange[] = [];
  /** May change an answer, or hold it back, before the browser gets it. */
  bend: (exchange: Exchange) => void | Promise<void> = () => {};

  private constructor(
    private readonly listener: HttpServer,
    readonly origin: string,
  ) {}

  static async to(target: string): Promise<Wire> {
    const listener = createServer();
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const wire = new Wire(listener, `http://localhost:${(listener.address() as AddressInfo).port}`);
    listener.on('request', async (request, response) => {
      try {
        const body = await read(request);
        const exchange = await wire.pass(target, request.method ?? '', request.url ?? '', request.headers, body);
        await wire.bend(exchange);
        response.writeHead(exchange.status, exchange.headers).end(exchange.body);
      } catch {
        // One end has hung up: the page has gone, or the test is over.
        response.destroy();
      }
    });
    return wire;
  }

  close(): void {
    this.listener.close();
    this.listener.closeAllConnections();
  }

  private pass(target: string, method: string, url: string, headers: IncomingHttpHeaders, body: Buffer) {
    const { host } = new URL(target);
    const origin = headers.origin === this.origin ? target : headers.origin;
    // Uncompressed, so that answers can be searched.
    const sent = { ...headers, host, 'accept-encoding': 'identity', ...(origin && { origin }) };
    return new Promise<Exchange>((resolve, reject) => {
      const onward = send(`${target}${url}`, { method, headers: sent, agent: false });
      onward.on('error', reject);
      onward.on('response', async (answer) => {
        const { 'transfer-encoding': _, connection: __, ...headers } = answer.headers;
        const exchange = {
          method,
          url,
          requestHeaders: sent,
          requestBody: body.toString(),
          status: answer.statusCode ?? 0,
          headers,
          body: await read(answer),
        };
        this.heard.push(exchange);
        resolve(exchange);
      });
      onward.end(body);
    });
  }
}

async function read(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
