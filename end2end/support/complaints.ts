/**
 * What a browser complains about while people use Vestibule: errors and warnings on the console,
 * uncaught errors, breaches of the Content Security Policy, requests to other origins. Nobody should
 * ever see one, so every test fails that has one which it did not announce.
 */

import type { BrowserContext } from '@playwright/test';

/** A session may end before its page has asked for the stream; the refusal of the stream is a line on the console. */
const REFUSED_STREAM = /status of 401 .*\/session\/events\)$/;

export class Complaints {
  private readonly heard: string[] = [];
  private readonly announced: RegExp[] = [REFUSED_STREAM];

  constructor(private readonly origin: string) {}

  /** This test brings these about on purpose. */
  expect(...patterns: RegExp[]): void {
    this.announced.push(...patterns);
  }

  async watch(context: BrowserContext): Promise<void> {
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (violation) => {
        console.error(`policy: ${violation.effectiveDirective} refuses ${violation.blockedURI} ${violation.sample}`);
      });
    });
    context.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) {
        this.heard.push(`${message.type()}: ${message.text()} (${message.location().url})`);
      }
    });
    context.on('weberror', (error) => this.heard.push(`uncaught: ${error.error().stack ?? error.error()}`));
    context.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      if (protocol.startsWith('http') && origin !== this.origin) this.heard.push(`elsewhere: ${request.url()}`);
    });
  }

  unannounced(): string[] {
    return this.heard.filter((complaint) => !this.announced.some((pattern) => pattern.test(complaint)));
  }
}
