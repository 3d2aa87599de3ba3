/**
 * Complaints of a browser during a test: errors and warnings on the console, uncaught errors, violations of the
 * Content Security Policy, requests to other origins. Users should never see one, so every test fails
 * that has one which it did not announce.
 */

import type { BrowserContext } from '@playwright/test';

/** A session may end before its page has requested the stream; the refusal of the stream is a line on the console. */
const REFUSED_STREAM = /status of 401 .*\/session\/events\)$/;

export class Complaints {
  private readonly recorded: string[] = [];
  private readonly announced: RegExp[] = [REFUSED_STREAM];

  constructor(private readonly origin: string) {}

  /** Complaints that this test causes on purpose. */
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
        this.recorded.push(`${message.type()}: ${message.text()} (${message.location().url})`);
      }
    });
    context.on('weberror', (error) => this.recorded.push(`uncaught: ${error.error().stack ?? error.error()}`));
    context.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      if (protocol.startsWith('http') && origin !== this.origin) this.recorded.push(`elsewhere: ${request.url()}`);
    });
  }

  unannounced(): string[] {
    return this.recorded.filter((complaint) => !this.announced.some((pattern) => pattern.test(complaint)));
  }
}
