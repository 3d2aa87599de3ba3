/** The page of a request that is too large, most often because of another application's cookies. */

import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '../fixtures';

test('the page contains its style, because the stylesheet is refused too', async ({ visitor, complaints }) => {
  complaints.expect(/status of 431/, /Refused to apply style/);
  const { page } = visitor;
  // Sent with every request to this site, as cookies are.
  await page.setExtraHTTPHeaders({ 'x-neighbour': 'a'.repeat(60_000) });
  const answer = await page.goto('/login');
  expect(answer?.status()).toBe(431);
  await expect(page.getByRole('main')).toContainText('Remove the cookies of this site');
  await expect(page.locator('.mark')).toHaveCSS('inline-size', '28px');
  for (const [colorScheme, surface] of [['light', 'rgb(255, 255, 255)'], ['dark', 'rgb(19, 27, 24)']] as const) {
    await page.emulateMedia({ colorScheme });
    await expect(page.locator('.card')).toHaveCSS('background-color', surface);
    // `preload` would request the stylesheet once more.
    const { violations } = await new AxeBuilder({ page }).options({ preload: false }).analyze();
    expect(violations.map(({ id }) => id)).toEqual([]);
  }
});
