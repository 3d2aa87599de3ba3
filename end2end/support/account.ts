/** The pages of an account, as people use them. */

import { expect } from '@playwright/test';
import type { Visitor } from './visitor';

/** Follows a link of the dashboard to a page with this heading. */
export async function visitAccount(visitor: Visitor, link: string, heading: string): Promise<void> {
  await visitor.page.getByRole('region', { name: 'Your account' }).getByRole('link', { name: link }).click();
  await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText(heading);
  await visitor.waitForHydration();
}

export const currentPassword = ({ page }: Visitor) => page.getByLabel('Current password', { exact: true });
export const newPassword = ({ page }: Visitor) => page.getByLabel('New password', { exact: true });

/** Fills in the form of the current page, and sends it. */
export async function changesPassword(visitor: Visitor, from: string, to: string): Promise<void> {
  await currentPassword(visitor).fill(from);
  await newPassword(visitor).fill(to);
  await visitor.page.getByRole('button', { name: 'Change password' }).click();
}
