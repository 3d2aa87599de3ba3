/** Links for passwords, as their owners use them. */

import type { Visitor } from './visitor';

/** The path of a link, with its code. */
export function pathOf(link: string): string {
  const { pathname, hash } = new URL(link);
  return pathname + hash;
}

/** Opens a link: with the script its address suffices, otherwise the person pastes it. */
export async function opensLink(visitor: Visitor, link: string): Promise<void> {
  const { page, way } = visitor;
  await page.goto(pathOf(link));
  if (way === 'hydrated') {
    await page.waitForURL((url) => url.hash === '');
    await page.locator('.step').waitFor();
  } else {
    await page.getByLabel('Code', { exact: true }).fill(link);
    await page.getByRole('button', { name: 'Continue', exact: true }).click();
  }
  await visitor.waitForHydration();
}

/** Chooses a password on the page of a link that was opened. */
export async function choosesPassword({ page }: Visitor, password: string): Promise<void> {
  await page.getByLabel('New password', { exact: true }).fill(password);
  await page.getByRole('button', { name: /^Save / }).click();
}
