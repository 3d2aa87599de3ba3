/** The connection between browser and server: it records everything, and a test can change it. */

import {
  createServer,
  request as send,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from 'node:http';
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
  /** Events, which arrive one by one instead of as a body. */
  stream?: IncomingMessage;
};

export class Wire {
  readonly exchanges: Exchange[] = [];
  /** The open event streams. */
  readonly streams = new Map<ServerResponse, IncomingMessage>();
  private isCut = false;
  /** Headers of requests that are removed, as by a filter. */
  hides: string[] = [];
  /** How streams are buffered, as by some proxies: no head and no body, or the head only. */
  holds: 'nothing' | 'events' | 'answers' = 'nothing';
  /** May change an answer, or delay it, before the browser receives it. */
  transform: (exchange: Exchange) => void | Promise<void> = () => {};

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
        if (wire.isCut) throw new Error('cut');
        const body = await read(request);
        const exchange = await wire.pass(target, request.method ?? '', request.url ?? '', request.headers, body);
        await wire.transform(exchange);
        response.writeHead(exchange.status, exchange.headers);
        if (exchange.stream) wire.carry(exchange.stream, response);
        else response.end(exchange.body);
      } catch {
        // One end has closed: the page has gone, or the test is over.
        response.destroy();
      }
    });
    return wire;
  }

  close(): void {
    this.listener.close();
    this.listener.closeAllConnections();
  }

  /** Breaks the connection, until it is restored. */
  cut(): void {
    this.isCut = true;
    this.listener.closeAllConnections();
  }

  restore(): void {
    this.isCut = false;
  }

  /** Makes the open streams silent, without closing them: a connection dies like that during a sleep. */
  muteStreams(): void {
    for (const [response, stream] of this.streams) stream.unpipe(response);
  }

  private carry(stream: IncomingMessage, response: ServerResponse): void {
    // The page may have left while its stream was opening. Its response does not close a second time.
    if (response.closed) {
      stream.destroy();
      return;
    }
    this.streams.set(response, stream);
    response.on('close', () => {
      this.streams.delete(response);
      stream.destroy();
    });
    stream.on('error', () => response.destroy());
    if (this.holds === 'answers') return;
    response.flushHeaders();
    if (this.holds === 'events') stream.resume();
    else stream.pipe(response);
  }

  private pass(target: string, method: string, url: string, headers: IncomingHttpHeaders, body: Buffer) {
    const { host } = new URL(target);
    const origin = headers.origin === this.origin ? target : headers.origin;
    // Uncompressed, so that answers can be searched.
    const sent: IncomingHttpHeaders = { ...headers, host, 'accept-encoding': 'identity', ...(origin && { origin }) };
    for (const name of this.hides) delete sent[name];
    return new Promise<Exchange>((resolve, reject) => {
      const onward = send(`${target}${url}`, { method, headers: sent, agent: false });
      onward.on('error', reject);
      onward.on('response', async (answer) => {
        const { 'transfer-encoding': _, connection: __, ...headers } = answer.headers;
        const isStream = headers['content-type'] === 'text/event-stream' && method === 'GET';
        const exchange: Exchange = {
          method,
          url,
          requestHeaders: sent,
          requestBody: body.toString(),
          status: answer.statusCode ?? 0,
          headers,
          body: isStream ? Buffer.alloc(0) : await read(answer),
          ...(isStream && { stream: answer }),
        };
        this.exchanges.push(exchange);
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
