import { expect, inEveryWay, test, type Person, type Visitor } from '../fixtures';
import type { Server } from '../support/server';
import { titled } from '../support/site';

const PHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1';

const news = (visitor: Visitor) =>
  visitor.page.getByRole('region', { name: 'New sign-in. Was this you?' });

/** What appears on a page that is open already. */
const pushed = (visitor: Visitor) => visitor.page.locator('#new-sign-in');

async function signsInOnPhone(visitor: Visitor, person: Person, server: Server): Promise<string> {
  await visitor.signsIn(person);
  await expect(news(visitor)).toHaveCount(0);
  const cookie = await server.signsInElsewhere(person.name, person.password, PHONE);
  await visitor.open('/dashboard');
  await expect(news(visitor)).toContainText('Safari on iPhone · 127.0.0.1');
  return cookie;
}

inEveryWay(() => {
  test('a sign-in from a new device is shown until its owner recognises it', async ({ visitor, person, server }) => {
    await signsInOnPhone(visitor, person, server);
    await visitor.page.getByRole('button', { name: 'Yes, it was me' }).click();
    await expect(news(visitor)).toHaveCount(0);
    await visitor.isWelcomed(person);
    expect(server.liveSessions(person.name)).toHaveLength(2);
  });

  test('a disowned sign-in ends, and a new password is asked for', async ({ visitor, person, server }) => {
    const cookie = await signsInOnPhone(visitor, person, server);
    await visitor.page.getByRole('button', { name: 'No, secure my account' }).click();
    await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('Change your password');
    await expect(visitor.notice).toContainText('That device was signed out.');
    const answer = await fetch(`${server.origin}/dashboard`, { headers: { cookie }, redirect: 'manual' });
    expect(answer.status).toBe(303);
  });
});

test('open pages learn of it within seconds, and keep what is typed', async ({ visitor, person, server }) => {
  await visitor.signsIn(person);
  const tab = await visitor.newTab();
  await tab.open('/account/profile');
  const name = tab.page.locator('#display_name');
  await name.fill('Half a na');
  const list = await visitor.newTab();
  await list.open('/account/sessions');
  await server.signsInElsewhere(person.name, person.password, PHONE);
  for (const open of [visitor, tab, list]) {
    await open.page.bringToFront();
    await expect(pushed(open)).toHaveText('New sign-in. Was this you? Review it', { timeout: 5_000 });
  }
  await expect(name).toHaveValue('Half a na');
  await pushed(list).getByRole('link', { name: 'Review it' }).click();
  await expect(news(list)).toContainText('Safari on iPhone');
  await expect(pushed(list)).toBeEmpty();
  await list.waitForHydration();
  await news(list).getByRole('button', { name: 'Yes, it was me' }).click();
  await expect(news(list)).toHaveCount(0);
  await tab.page.bringToFront();
  await expect(pushed(tab)).toBeEmpty({ timeout: 5_000 });
  await expect(name).toHaveValue('Half a na');
});

test('while the database does not answer, what is to be reviewed stays on the page', async ({ visitor, person, server }) => {
  await signsInOnPhone(visitor, person, server);
  // The event of a server that could not read the sign-ins.
  await visitor.page.route('**/session/events', async (route) => {
    const answer = await route.fetch({ method: 'HEAD' });
    const { to_review: newest, ...lives } = JSON.parse(answer.headers()['x-session']!);
    expect(newest).toBeTruthy();
    const headers = { ...answer.headers(), 'x-session': JSON.stringify(lives) };
    await route.fulfill({ status: answer.status(), headers });
  });
  const asked = visitor.page.waitForResponse('**/session/events');
  await visitor.page.evaluate(() => document.dispatchEvent(new Event('session-check')));
  await asked;
  await expect(visitor.page.locator('html[data-covered]')).toHaveCount(0);
  await expect(news(visitor)).toContainText('Safari on iPhone');
});

test('it is announced on every page, and the answer returns to it', async ({ visitor, person, server }) => {
  await signsInOnPhone(visitor, person, server);
  await visitor.open('/account/sessions');
  await expect(visitor.page.getByRole('listitem').filter({ has: visitor.page.getByRole('heading', { name: 'Safari on iPhone' }) })).toContainText('New');
  await visitor.open('/account/activity?event=signed_in');
  await news(visitor).getByRole('button', { name: 'Yes, it was me' }).click();
  await expect(news(visitor)).toHaveCount(0);
  // Without the query, which a page does not repeat.
  await expect(visitor.page).toHaveURL('/account/activity');
});

test('a missing page announces it too, and the answer leads on', async ({ visitor, person, server, complaints }) => {
  complaints.expect(/status of 404/);
  await signsInOnPhone(visitor, person, server);
  await visitor.page.goto('/no-such-page');
  await expect(visitor.page).toHaveTitle(titled('Page not found'));
  await expect(news(visitor)).toContainText('Safari on iPhone');
  await news(visitor).getByRole('button', { name: 'Yes, it was me' }).click();
  await expect(visitor.page).toHaveURL('/dashboard');
  await expect(news(visitor)).toHaveCount(0);
});
