/** The name of the site: defined once, in `src/domain/site.rs`. */

import { readFileSync } from 'node:fs';
import path from 'node:path';

const source = readFileSync(path.resolve(__dirname, '..', '..', 'src', 'domain', 'site.rs'), 'utf8');

export const SITE = /NAME: &str = "(.+)"/.exec(source)![1]!;

/** The title of a page with these words. */
export const titled = (words: string) => `${words} – ${SITE}`;
