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
  await visitor.page.getByRole('link', { name: 'All your sessions' }).click();
  await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('Your sessions');
  await visitor.waitForHydration();
  return [phone, laptop];
}

const status = (visitor: Visitor) => visitor.page.getByRole('status').first();
const row = (visitor: Visitor, device: string) => visitor.page.getByRole('listitem').filter({ hasText: device });

inEveryWay(() => {
  test('people see where they are signed in, and end one of them', async ({ visitor, person, server }) => {
    const [phone, laptop] = await openSessions(visitor, person, server);
    await expect(visitor.page.getByRole('region', { name: 'This browser' })).toContainText('You are here');
    await expect(row(visitor, 'Safari on iPhone')).toContainText('Stays signed in');
    await expect(row(visitor, 'Safari on iPhone')).toContainText('last active just now');
    await visitor.page.getByRole('button', { name: 'End the session of Safari on iPhone' }).click();
    await expect(status(visitor)).toContainText('1 session has ended.');
    await expect(row(visitor, 'Safari on iPhone')).toHaveCount(0);
    expect(await opens(server, phone)).toBe(false);
    expect(await opens(server, laptop)).toBe(true);
  });

  test('all others end, and this browser stays', async ({ visitor, person, server }) => {
    const cookies = await openSessions(visitor, person, server);
    await visitor.page.getByRole('button', { name: 'End all other sessions' }).click();
    await expect(status(visitor)).toContainText('2 sessions have ended.');
    await expect(visitor.page.getByRole('main')).toContainText('You are not signed in anywhere else.');
    for (const cookie of cookies) expect(await opens(server, cookie)).toBe(false);
    await visitor.page.reload();
    await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('Your sessions');
  });

  test('all end, and this browser is signed out', async ({ visitor, person, server }) => {
    const cookies = await openSessions(visitor, person, server);
    const { name, value } = (await visitor.sessionCookie())!;
    await visitor.page.getByRole('button', { name: 'End all, and sign out here' }).click();
    await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('You are signed out');
    await expect(visitor.page.getByRole('main')).toContainText('Your 2 other devices were signed out as well.');
    for (const cookie of [...cookies, `${name}=${value}`]) expect(await opens(server, cookie)).toBe(false);
    expect(server.liveSessions(person.name)).toEqual([]);
  });
});

test('relative times update themselves, and the exact time is in the element', async ({ visitor, person }) => {
  await visitor.page.clock.install();
  await visitor.signsIn(person);
  await visitor.open('/account/sessions');
  const active = visitor.page.getByText('last active').locator('time').first();
  await expect(active).toHaveText('just now');
  await visitor.page.clock.fastForward('03:10');
  await expect(active).toHaveText('3 minutes ago');
  await expect(active).toHaveAttribute('datetime', /^\d{4}-\d\d-\d\dT/);
  await expect(active).toHaveAttribute('title', /\d{4}/);
});
