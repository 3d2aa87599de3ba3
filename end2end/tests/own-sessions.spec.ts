import { expect, inEveryWay, test, type Person, type Visitor } from '../fixtures';
import type { Server } from '../support/server';

const PHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1';
const LAPTOP = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0';

/** Whether a copy of these cookies is still accepted. */
async function opens(server: Server, cookie: string): Promise<boolean> {
  const answer = await fetch(`${server.origin}/dashboard`, { headers: { cookie }, redirect: 'manual' });
  return answer.status === 200;
}

async function openSessions(visitor: Visitor, person: Person, server: Server): Promise<[phone: string, laptop: string]> {
  const phone = await server.signsInElsewhere(person.name, person.password, PHONE, true);
  const laptop = await server.signsInElsewhere(person.name, person.password, LAPTOP);
  await visitor.signsIn(person);
  await visitor.page.getByRole('link', { name: 'All your devices' }).click();
  await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('Where you’re signed in');
  await visitor.waitForHydration();
  return [phone, laptop];
}

const notice = (visitor: Visitor) => visitor.page.locator('.notice');
const row = (visitor: Visitor, device: string) => visitor.page.getByRole('listitem').filter({ hasText: device });

inEveryWay(() => {
  test('people see where they are signed in, and end one of them', async ({ visitor, person, server }) => {
    const [phone, laptop] = await openSessions(visitor, person, server);
    await expect(visitor.page.getByRole('region', { name: 'This device' })).toContainText('Active now');
    await expect(row(visitor, 'Safari on iPhone')).toContainText('Stays signed in');
    await expect(row(visitor, 'Safari on iPhone')).toContainText('Active now');
    await visitor.page.getByRole('button', { name: /^Sign out\s?: Safari on iPhone$/ }).click();
    await expect(notice(visitor)).toHaveText('Safari on iPhone was signed out.');
    await expect(notice(visitor)).toBeFocused();
    await expect(row(visitor, 'Safari on iPhone')).toHaveCount(0);
    expect(await opens(server, phone)).toBe(false);
    expect(await opens(server, laptop)).toBe(true);
  });

  test('a device keeps the name that its owner gave it', async ({ visitor, another, person, server }) => {
    const phone = await another();
    await visitor.signsIn(person);
    await phone.signsIn(person);
    await visitor.open('/account/sessions');
    const other = visitor.page.getByRole('region', { name: '1 other device' }).getByRole('listitem');
    await expect(other).toContainText('New');
    await other.getByText('Details').click();
    await other.getByLabel('Name of this device').fill('Ada’s phone');
    await other.getByRole('button', { name: 'Save name' }).click();
    await expect(notice(visitor)).toHaveText('Ada’s phone is the name of that device now.');
    await expect(other.getByRole('heading')).toContainText('Ada’s phone (');
    await phone.signsOut();
    await phone.signsIn(person);
    await expect(phone.page.getByRole('region', { name: 'This device' })).toContainText('Ada’s phone (');
    await visitor.open('/account/activity');
    await expect(visitor.page.locator('.entries > li').first()).toContainText('Ada’s phone (');
    expect(server.liveSessions(person.name)).toHaveLength(2);
  });

  test('all others end, and this browser stays', async ({ visitor, person, server }) => {
    const cookies = await openSessions(visitor, person, server);
    await visitor.page.getByRole('button', { name: 'Sign out all other devices' }).click();
    await expect(notice(visitor)).toContainText('2 other devices were signed out.');
    await expect(visitor.page.getByRole('main')).toContainText('You are not signed in anywhere else.');
    for (const cookie of cookies) expect(await opens(server, cookie)).toBe(false);
    await visitor.page.reload();
    await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('Where you’re signed in');
  });

  test('all end, and this browser is signed out', async ({ visitor, person, server }) => {
    const cookies = await openSessions(visitor, person, server);
    const { name, value } = (await visitor.sessionCookie())!;
    await visitor.page.getByText('Sign out everywhere', { exact: true }).click();
    await visitor.page.getByRole('button', { name: 'Yes, sign out everywhere' }).click();
    await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('You are signed out');
    await expect(visitor.page.getByRole('main')).toContainText('Your 2 other sessions have ended as well.');
    for (const cookie of [...cookies, `${name}=${value}`]) expect(await opens(server, cookie)).toBe(false);
    expect(server.liveSessions(person.name)).toEqual([]);
  });
});

test('relative times update themselves, and the exact time is in the element', async ({ visitor, person }) => {
  await visitor.page.clock.install();
  await visitor.signsIn(person);
  await visitor.open('/account/sessions');
  const active = visitor.page.getByRole('region', { name: 'This device' }).locator('time').first();
  await expect(active).toHaveText('Active now');
  await visitor.page.clock.fastForward('03:10');
  await expect(active).toHaveText('Last active 3 minutes ago');
  await expect(active).toHaveAttribute('datetime', /^\d{4}-\d\d-\d\dT/);
  await expect(active).toHaveAttribute('title', /\d{4}/);
});
