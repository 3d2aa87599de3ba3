import path from 'node:path';
import { expect, overTheWire, test, type Visitor } from '../fixtures';
import { PAGES, EXPECTED_ON_PAGES, SETTINGS, type Scene } from '../support/pages';
import { EXPECTED_IN_STATES, STATES } from '../support/states';

const FOLDER = path.resolve(__dirname, '..', '..', 'target', 'shots');

test.use({ ...overTheWire, locale: 'en-GB', timezoneId: 'Europe/Berlin' });
test.slow();

for (const [way, suffix] of [['hydrated', 'js'], ['without JavaScript', 'nojs']] as const) {
  test.describe(way, () => {
    test.use({ way });

    const scenes = Object.entries(PAGES).map(([name, arrive]) => [name, { arrive, settings: SETTINGS }] as const);
    for (const [name, { arrive, settings }] of [...scenes, ...Object.entries(STATES)]) {
      test.describe(name, () => {
        test.use({ settings });

        test('has its pictures', async ({ visitor, server, wire, attacker, complaints }) => {
          complaints.expect(...EXPECTED_ON_PAGES, ...EXPECTED_IN_STATES);
          await reach(arrive, { visitor, server, wire, attacker });
          await takesPictures(visitor, `${name}-`, suffix);
        });
      });
    }
  });
}

async function reach(arrive: (scene: Scene) => Promise<void>, scene: Scene): Promise<void> {
  await scene.visitor.page.emulateMedia({ reducedMotion: 'reduce' });
  await arrive(scene);
}

async function takesPictures({ page }: Visitor, name: string, suffix: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    for (const width of [320, 1280]) {
      await page.setViewportSize({ width, height: width === 320 ? 640 : 900 });
      const file = path.join(FOLDER, `${name}${colorScheme}-${width}-${suffix}.png`);
      await page.screenshot({ path: file, fullPage: true });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect.soft(overflow, `wider than ${width} px`).toBeLessThanOrEqual(0);
    }
  }
}
