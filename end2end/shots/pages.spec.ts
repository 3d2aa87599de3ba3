import path from 'node:path';
import { overTheWire, test } from '../fixtures';
import { PAGES, SAID_ABOUT_PAGES, SETTINGS } from '../support/pages';

const FOLDER = path.resolve(__dirname, '..', '..', 'target', 'shots');

test.use({ ...overTheWire, settings: SETTINGS, locale: 'en-GB', timezoneId: 'Europe/Berlin' });
test.slow();

for (const [way, suffix] of [['hydrated', 'js'], ['without JavaScript', 'nojs']] as const) {
  test.describe(way, () => {
    test.use({ way });

    for (const [name, arrive] of Object.entries(PAGES)) {
      test(name, async ({ visitor, server, wire, stranger, complaints }) => {
        complaints.expect(...SAID_ABOUT_PAGES);
        const { page } = visitor;
        await page.emulateMedia({ reducedMotion: 'reduce' });
        await arrive({ visitor, server, wire, stranger });
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
          for (const width of [320, 1280]) {
            await page.setViewportSize({ width, height: width === 320 ? 640 : 900 });
            const file = path.join(FOLDER, `${name}-${colorScheme}-${width}-${suffix}.png`);
            await page.screenshot({ path: file, fullPage: true });
          }
        }
      });
    }
  });
}
