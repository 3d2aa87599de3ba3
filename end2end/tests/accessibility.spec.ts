import AxeBuilder from '@axe-core/playwright';
import { expect, overTheWire, test, type Visitor } from '../fixtures';
import { PAGES, EXPECTED_ON_PAGES, SETTINGS } from '../support/pages';
import { savesPages } from '../support/validity';

test.use({ ...overTheWire, settings: SETTINGS });
test.slow();

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'wcag2aaa', 'best-practice'];
const MODES = [
  { colorScheme: 'light', forcedColors: 'none' },
  { colorScheme: 'dark', forcedColors: 'none' },
  { colorScheme: 'light', forcedColors: 'active' },
] as const;
const WIDTHS = [320, 1280];

for (const [name, arrive] of Object.entries(PAGES)) {
  test(`${name}: axe finds nothing`, async ({ visitor, server, wire, attacker, complaints }) => {
    complaints.expect(...EXPECTED_ON_PAGES);
    const { page } = visitor;
    // The contrast of colours in transition does not matter.
    await page.emulateMedia({ reducedMotion: 'reduce' });
    const savePage = savesPages(page, name);
    await arrive({ visitor, server, wire, attacker });
    await savePage();
    for (const mode of MODES) {
      await page.emulateMedia({ ...mode, reducedMotion: 'reduce' });
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 640 });
        const { violations } = await new AxeBuilder({ page })
          .withTags(RULES)
          .options({ rules: { 'target-size': { enabled: true } } })
          .analyze();
        const found = violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target} ${node.failureSummary}`));
        expect.soft(found, `${width} px, ${mode.colorScheme}, forced colours ${mode.forcedColors}`).toEqual([]);
        expect.soft(await overflow(visitor), `wider than ${width} px`).toBeLessThanOrEqual(0);
      }
    }
    expect.soft(await smallTargets(visitor), 'targets smaller than 24 px').toEqual([]);
    await withLargeText(visitor);
    expect.soft(await overflow(visitor), 'at 640 px with text of 200 %').toBeLessThanOrEqual(0);
  });
}

/** How far the page can be scrolled sideways. */
function overflow({ page }: Visitor): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
}

/** WCAG 2.5.8; links inside a sentence are exempt. */
function smallTargets({ page }: Visitor): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('a, button, input:not([type=hidden])')]
      .filter((target) => target.checkVisibility() && !target.closest('p') && !target.matches('.skip'))
      .map((target) => ({ target, box: target.getBoundingClientRect() }))
      .filter(({ box }) => box.width < 24 || box.height < 24)
      .map(({ target, box }) => `${target.outerHTML} ${box.width} × ${box.height}`),
  );
}

async function withLargeText({ page }: Visitor): Promise<void> {
  await page.setViewportSize({ width: 640, height: 640 });
  await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
}

test('with reduced motion nothing moves', async ({ visitor, server, wire, attacker }) => {
  await visitor.page.emulateMedia({ reducedMotion: 'reduce' });
  await PAGES.login!({ visitor, server, wire, attacker });
  wire.transform = ({ url }) => (url === '/api/login' ? new Promise(() => {}) : undefined);
  await visitor.sends('ada', 'correct horse battery');
  await expect(visitor.signInButton).toHaveAttribute('aria-busy', 'true');
  const moving = () =>
    document
      .getAnimations()
      .filter(({ effect }) => Number(effect?.getComputedTiming().duration) > 1)
      .map((animation) => (animation as CSSAnimation).animationName ?? 'transition');
  expect(await visitor.page.evaluate(moving)).toEqual([]);
});
