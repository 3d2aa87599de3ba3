/** The name of the site: defined once, in `src/domain/site.rs`. */

import { readFileSync } from 'node:fs';
import path from 'node:path';

const source = readFileSync(path.resolve(__dirname, '..', '..', 'src', 'domain', 'site.rs'), 'utf8');

export const SITE = /NAME: &str = "(.+)"/.exec(source)![1]!;

/** The settings of a site with an owner. */
export const BRAND = {
  VESTIBULE_SITE__NAME: 'Example Ltd',
  VESTIBULE_SITE__LOGO: path.resolve(__dirname, 'example.svg'),
  VESTIBULE_SITE__ACCENT: '#1d4f91',
  VESTIBULE_SITE__HELP: 'mailto:help@example.org',
  VESTIBULE_SITE__PRIVACY: 'https://example.org/privacy',
  VESTIBULE_SITE__IMPRINT: 'https://example.org/imprint',
};

/** The title of a page with these words. */
export const titled = (words: string) => `${words} – ${SITE}`;
