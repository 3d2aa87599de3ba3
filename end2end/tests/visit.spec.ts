/** The first visit: links for passwords, help, and the sign-in page before anything is typed. */

import { expect, inEveryWay, newPerson, test, type Person } from '../fixtures';
import { gate } from '../support/gate';
import { choosesPassword, opensLink, pathOf } from '../support/links';

const heading = (page: import('@playwright/test').Page) => page.getByRole('heading', { level: 1 });

inEveryWay(() => {
  test('a used link is reported before a password is chosen', async ({ visitor, another, server, complaints }) => {
    complaints.expect(/status of 422/);
    const name = `hedy${Date.now()}`;
    const link = server.run(['user', 'invite', name]).split('\n')[0]!;
    const first = await another();
    await opensLink(first, link);
    await choosesPassword(first, 'quietly humming teapots');
    await expect(first.page).toHaveURL(/dashboard/);

    await opensLink(visitor, link);
    await expect(visitor.problem).toContainText('This link is incomplete, has expired or was already used. Ask your administrator for a new one.');
    await expect(visitor.page.getByLabel('New password')).toHaveCount(0);
    await expect(visitor.page.getByRole('main')).not.toContainText(name);
    await expect(visitor.page.getByLabel('Code', { exact: true })).toBeVisible();
  });

  test('a reset leads to the sign-in with the username', async ({ visitor, server, person }) => {
    const link = server.run(['user', 'reset', person.name]).split('\n')[0]!;
    await opensLink(visitor, link);
    await expect(heading(visitor.page)).toHaveText('Choose a new password');
    await expect(visitor.page.getByRole('main')).toContainText(`You sign in as ${person.name} or ${person.email}.`);
    await choosesPassword(visitor, 'quietly humming teapots');
    await expect(visitor.notice).toHaveText('Password saved. Sign in to continue.');
    await expect(visitor.name).toHaveValue(person.name);
    await visitor.waitForHydration();
    await expect(visitor.name, 'a notice is read first').not.toBeFocused();
    await visitor.sends(person.name, 'quietly humming teapots');
    await visitor.isWelcomed(person);
  });

  test('somebody else who is signed in signs out first, and the link is kept', async ({ visitor, server, person }) => {
    const grace: Person = { name: `grace${Date.now()}`, displayName: 'Grace Hopper', email: '', password: 'quietly humming teapots' };
    const [link] = server.run(['user', 'invite', grace.name, '--display-name', grace.displayName]).split('\n');
    await visitor.signsIn(person);
    await opensLink(visitor, link!);
    const main = visitor.page.getByRole('main');
    await expect(main).toContainText(`You are signed in as ${person.displayName}`);
    await expect(visitor.page.getByLabel('New password')).toHaveCount(0);
    await main.getByRole('button', { name: 'Sign out and continue' }).click();
    await expect(heading(visitor.page)).toHaveText('Welcome, Grace Hopper');
    await visitor.waitForHydration();
    expect(server.liveSessions(person.name)).toEqual([]);
    await choosesPassword(visitor, grace.password);
    await visitor.isWelcomed(grace);
  });

  test('whoever cannot sign in finds help', async ({ visitor, person }) => {
    await visitor.open('/login');
    await visitor.page.getByRole('link', { name: 'Can’t sign in?' }).click();
    await expect(heading(visitor.page)).toHaveText('Can’t sign in?');
    await visitor.waitForHydration();
    await expect(visitor.page.getByRole('main')).toContainText('Ask your administrator for a new link.');
    await visitor.page.getByRole('link', { name: 'Back to sign in' }).click();
    await visitor.isAskedToSignIn();
    await visitor.sends(person.name, person.password);
    await visitor.isWelcomed(person);
  });

  test('one can type at once', async ({ visitor, person }) => {
    await visitor.open('/login');
    await expect(visitor.name).toBeFocused();
    await visitor.page.keyboard.type(person.name);
    await expect(visitor.name).toHaveValue(person.name);
    await visitor.page.keyboard.press('Tab');
    await expect(visitor.password).toBeFocused();
  });

  test('after a refusal the reason has the focus, and not a field', async ({ visitor, person, complaints }) => {
    complaints.expect(/status of 401/);
    await visitor.open('/login');
    await visitor.sends(person.name, 'not the password at all');
    await expect(visitor.problem).toBeFocused();
    await visitor.waitForHydration();
    await expect(visitor.problem).toBeFocused();
  });
});

test('the code is sent in the body alone, and hidden once it was read', async ({ visitor, server }) => {
  const link = server.run(['user', 'invite', `hedy${Date.now()}`]).split('\n')[0]!;
  const code = link.split('#')[1]!;
  const addresses: string[] = [];
  visitor.page.on('request', (request) => {
    addresses.push(request.url(), request.headers()['referer'] ?? '');
  });
  const held = gate();
  await visitor.page.route('**/api/open_password_link', async (route) => {
    await held.opened;
    await route.continue();
  });
  // The navigation is held, and nothing can be asked of the page meanwhile: it says itself what it shows.
  const shown: string[] = [];
  visitor.page.on('console', (message) => shown.push(message.text()));
  await visitor.page.addInitScript(() => {
    const tell = () => console.info(document.querySelector('main')?.innerText.trim());
    new MutationObserver(tell).observe(document, { subtree: true, childList: true, attributes: true });
  });
  await visitor.page.goto(pathOf(link));
  await expect.poll(() => shown).toContain('One moment: checking your link.');
  expect(visitor.page.url()).not.toContain(code);
  held.open();
  await expect(heading(visitor.page)).toContainText('Welcome');
  await visitor.waitForHydration();
  expect(addresses.filter((address) => address.split('#')[0]!.includes(code))).toEqual([]);
  expect(await visitor.page.content(), 'nor does the page have it').not.toContain(code.replaceAll('-', ''));
  expect(await visitor.page.evaluate(() => [document.cookie, localStorage.length, sessionStorage.length])).toEqual(['', 0, 0]);
});

test.describe('with a server that is guessed at', () => {
  test.use({ settings: {} });

  test('the time to wait counts down', async ({ visitor, server, complaints }) => {
    complaints.expect(/status of 429/);
    const { name } = newPerson(server);
    for (let guess = 0; guess < 10; guess++) await server.guesses(name);
    await visitor.open('/login');
    await visitor.sends(name, 'not the password at all');
    const seconds = async () => Number(/Try again in (\d+) seconds/.exec((await visitor.problem.locator('[aria-hidden]').textContent())!)![1]);
    const first = await seconds();
    await expect.poll(seconds, { timeout: 5_000 }).toBeLessThan(first);
    // Screen readers would read out every second.
    await expect(visitor.problem.locator('.visually-hidden')).toContainText('Too many attempts. Try again in');
  });
});
