/** Valid HTML: tests save the pages that they look at, and after the last one all of them are read in one pass. */

import { HtmlValidate, type Message } from 'html-validate';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';

const FOLDER = path.resolve(__dirname, '..', '..', 'target', 'html');

const validator = new HtmlValidate({
  extends: ['html-validate:recommended'],
  rules: {
    // How it is written, not what it means: Leptos writes void elements and attributes in one way, and no spaces.
    'attribute-boolean-style': 'off',
    'no-trailing-whitespace': 'off',
    'void-style': 'off',
    // Browsers write every attribute of a page that scripts have changed with a value.
    'attribute-empty-style': 'off',
    // A list may have a name.
    'aria-label-misuse': ['error', { allowAnyNamable: true }],
    // An access key is typed masked, and no password manager is to keep it.
    'autocomplete-password': 'off',
    // On phones the rows of the list of users are blocks. Browsers then forget the roles of an HTML table.
    'prefer-native-element': ['error', { exclude: ['table', 'cell'] }],
    // Without scripts the live view of the audit log loads itself again.
    'meta-refresh': 'off',
    // The hidden form of /password-link is sent by the script.
    'wcag/h32': 'off',
    // The name of the site is in every title.
    'long-title': 'off',
    // Scripts are of this origin, and have a nonce.
    'require-sri': 'off',
  },
});

/** Keeps the documents that a page receives, and at the end also what scripts have made of the last one. */
export function savesPages(page: Page, name: string): () => Promise<void> {
  let served: Promise<string | undefined> = Promise.resolve(undefined);
  page.on('response', (answer) => {
    const isDocument = answer.request().isNavigationRequest() && answer.headers()['content-type']?.startsWith('text/html');
    if (isDocument) served = answer.text().catch(() => undefined);
  });
  return async () => {
    const html = await served;
    mkdirSync(FOLDER, { recursive: true });
    if (html !== undefined) writeFileSync(path.join(FOLDER, `${name}.html`), html);
    writeFileSync(path.join(FOLDER, `${name}.seen.html`), await page.content());
  };
}

/** Before the first test. */
export function forgetPages(): void {
  rmSync(FOLDER, { recursive: true, force: true });
}

/** What is wrong with the saved pages, a line for each mistake. */
export async function mistakes(): Promise<string[]> {
  const found: string[] = [];
  for (const file of savedPages()) {
    const html = readFileSync(path.join(FOLDER, file), 'utf8');
    const { results } = await validator.validateString(html, file);
    const messages = results.flatMap((result) => result.messages);
    found.push(...messages.map((message) => inOneLine(file, html, message)));
  }
  return found;
}

export function savedPages(): string[] {
  try {
    return readdirSync(FOLDER).sort();
  } catch {
    return [];
  }
}

function inOneLine(file: string, html: string, { ruleId, message, offset }: Message): string {
  return `${file}: ${ruleId}: ${message}: ${html.slice(Math.max(0, offset - 40), offset + 60)}`;
}
