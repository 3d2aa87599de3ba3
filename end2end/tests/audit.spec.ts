import { readFileSync } from 'node:fs';
import { expect, inEveryWay, newPerson, overTheWire, test, type Person, type Visitor } from '../fixtures';
import type { Server } from '../support/server';

/** Within a second on an idle machine. */
const WITHIN_5_SECONDS = { timeout: 5_000 };

const entries = (visitor: Visitor) => visitor.page.locator('.entries > li');
const status = (visitor: Visitor) => visitor.page.locator('.following');

const refusalOf = ({ name }: Person) => `A sign-in as ${name} was refused: the password was wrong.`;

async function openAsAdministrator(visitor: Visitor, server: Server, path: string): Promise<void> {
  await visitor.signsIn(newPerson(server, {}, ['--admin']));
  await visitor.open(path);
}

inEveryWay(() => {
  test('an administrator follows the audit log', async ({ visitor, server, person, way }) => {
    await openAsAdministrator(visitor, server, '/admin/activity');
    await visitor.page.getByRole('link', { name: 'Live view', exact: true }).click();
    await expect(status(visitor)).toContainText('Live view');
    await visitor.waitForHydration();
    await server.guesses(person.name);
    // Without the script the page reloads itself; without hydration, by hand.
    if (way === 'without WebAssembly') await visitor.page.getByRole('link', { name: 'Refresh' }).click();
    await expect(entries(visitor).first()).toContainText(refusalOf(person));
    await visitor.page.getByRole('link', { name: 'Stop' }).click();
    await expect(status(visitor)).toHaveCount(0);
    await expect(entries(visitor).first()).toContainText(refusalOf(person));
    await visitor.waitForHydration();
  });

  test('an administrator downloads the shown entries', async ({ visitor, server, person }) => {
    await openAsAdministrator(visitor, server, '/admin/activity');
    await server.guesses(person.name);
    await visitor.page.getByRole('main').getByLabel('Username or email').fill(person.name);
    await visitor.page.getByLabel('Event').selectOption('Refused sign-ins');
    await visitor.page.getByLabel('First day').fill('2020-02-29');
    await visitor.page.getByRole('button', { name: 'Apply' }).click();
    await expect(entries(visitor)).toHaveCount(1);
    await visitor.waitForHydration();
    for (const [link, ending, begin] of [
      ['Download JSON', 'jsonl', '{"at":"'],
      ['Download CSV', 'csv', '\uFEFF"at","event"'],
    ] as const) {
      const download = visitor.page.waitForEvent('download');
      await visitor.page.getByRole('link', { name: link }).click();
      const file = await download;
      expect(file.suggestedFilename()).toMatch(new RegExp(`^audit-log-\\d{4}-\\d\\d-\\d\\d\\.${ending}$`));
      const text = readFileSync(await file.path(), 'utf8');
      expect(text.startsWith(begin)).toBe(true);
      expect(text).toContain(person.name);
      expect(text).toContain('wrong_password');
    }
    await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('Audit log');
  });
});

test.describe('a page that follows', () => {
  test.use(overTheWire);

  test('receives the filtered entries within a second, without a page load', async ({ visitor, server, person, wire }) => {
    const other = newPerson(server);
    await openAsAdministrator(visitor, server, `/admin/activity?user=${person.name}&follow=on`);
    await expect.poll(() => wire.streams.size).toBe(2);
    const loaded = wire.exchanges.length;
    const before = await entries(visitor).count();
    await server.guesses(other.name);
    await server.guesses(person.name);
    await expect(entries(visitor).first()).toContainText(refusalOf(person), WITHIN_5_SECONDS);
    await server.guesses(person.name);
    await expect(entries(visitor)).toHaveCount(before + 2, WITHIN_5_SECONDS);
    await expect(visitor.page.locator('.entry-new')).toHaveCount(2);
    await expect(entries(visitor).first()).toContainText('New: ');
    await expect(entries(visitor).first().locator('time')).toHaveText(/\d:\d\d:\d\d/);
    await expect(visitor.page.getByText(other.name)).toHaveCount(0);
    await expect(status(visitor)).toContainText('2 new entries so far', { timeout: 15_000 });
    expect(wire.exchanges.slice(loaded).map(({ url }) => url)).toEqual([]);
  });

  test('holds no stream while hidden, and misses nothing', async ({ visitor, server, person, wire }) => {
    const setHidden = (hidden: boolean) =>
      visitor.page.evaluate((hidden) => {
        Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
        document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
      }, hidden);
    await openAsAdministrator(visitor, server, '/admin/activity?follow=on');
    await expect.poll(() => wire.streams.size).toBe(2);
    await setHidden(true);
    await expect.poll(() => wire.streams.size).toBe(0);
    await server.guesses(person.name);
    await setHidden(false);
    await expect(entries(visitor).first()).toContainText(refusalOf(person), WITHIN_5_SECONDS);
    await visitor.page.goto('about:blank');
    await expect.poll(() => wire.streams.size).toBe(0);
  });

  test('leaves when its session ends', async ({ visitor, server, wire }) => {
    const grace = newPerson(server, {}, ['--admin']);
    await visitor.signsIn(grace);
    await visitor.open('/admin/activity?follow=on');
    await expect.poll(() => wire.streams.size).toBe(2);
    server.run(['session', 'end', '--user', grace.name]);
    await expect(visitor.page).toHaveURL('/login?next=%2Fadmin%2Factivity%3Ffollow%3Don', WITHIN_5_SECONDS);
  });
});

test.describe('when the confirmation has expired', () => {
  test.use({ settings: { VESTIBULE_SESSION__CONFIRM_AFTER: '4s' } });

  test('following stops with a notice, and continues after the password', async ({ visitor, server }) => {
    const grace = newPerson(server, {}, ['--admin']);
    await visitor.signsIn(grace);
    await visitor.open('/admin/activity?follow=on');
    await expect(status(visitor)).toContainText('confirm your password to continue');
    await status(visitor).getByRole('link', { name: 'Continue the live view' }).click();
    await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('Confirm your password');
    await visitor.waitForHydration();
    await visitor.password.fill(grace.password);
    await visitor.page.getByRole('button', { name: 'Confirm' }).click();
    await expect(visitor.page).toHaveURL('/admin/activity?follow=on');
    await expect(status(visitor)).toContainText('Live view');
  });
});
