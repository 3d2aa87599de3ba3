import { expect, inEveryWay, test, type Person, type Visitor } from '../fixtures';
import type { Server } from '../support/server';

const PHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1';

const news = (visitor: Visitor) =>
  visitor.page.locator('.news', { has: visitor.page.getByRole('heading', { name: 'A sign-in from a new device' }) });

async function signsInOnPhone(visitor: Visitor, person: Person, server: Server): Promise<string> {
  await visitor.signsIn(person);
  await expect(news(visitor)).toHaveCount(0);
  const cookie = await server.signsInElsewhere(person.name, person.password, PHONE);
  await visitor.open('/dashboard');
  await expect(news(visitor)).toContainText('Safari on iPhone at 127.0.0.1');
  return cookie;
}

inEveryWay(() => {
  test('a sign-in from a new device is shown until its owner recognises it', async ({ visitor, person, server }) => {
    await signsInOnPhone(visitor, person, server);
    await visitor.page.getByRole('button', { name: 'This was me' }).click();
    await expect(news(visitor)).toHaveCount(0);
    await visitor.isWelcomed(person);
    expect(server.liveSessions(person.name)).toHaveLength(2);
  });

  test('a disowned sign-in ends, and a new password is asked for', async ({ visitor, person, server }) => {
    const cookie = await signsInOnPhone(visitor, person, server);
    await visitor.page.getByRole('button', { name: 'This was not me' }).click();
    await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('Change your password');
    await expect(visitor.page.getByRole('status').first()).toContainText('That session has ended');
    const answer = await fetch(`${server.origin}/dashboard`, { headers: { cookie }, redirect: 'manual' });
    expect(answer.status).toBe(303);
  });
});
