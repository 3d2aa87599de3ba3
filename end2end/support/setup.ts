/** Before the first test of a run; what it returns comes after the last. */

import { forgetPages, mistakes, savedPages } from './validity';

export default function setUp(): () => Promise<void> {
  forgetPages();
  return async () => {
    const found = await mistakes();
    if (found.length > 0) throw new Error(`${found.length} mistakes in the HTML of pages:\n${found.join('\n')}`);
    if (savedPages().length > 0) console.log(`${savedPages().length} documents are valid HTML.`);
  };
}
