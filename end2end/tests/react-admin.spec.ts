import type { BrowserContext, Page } from '@playwright/test';
import { expect, newPerson, SESSION_COOKIE, test as base, type Person } from '../fixtures';
import { gate } from '../support/gate';
import { haystacks, sourcesWith } from '../support/haystack';
import { ReactAdmin } from '../support/react-admin';
import type { Server } from '../support/server';
import type { Wire } from '../support/wire';

/** Within a second on an idle machine. */
const WITHIN_5_SECONDS = { timeout: 5_000 };
/** The built client, of another origin and the same site, with its server behind the wire. */
const test = base.extend<{ client: ReactAdmin; admin: Person }>({
  client: async ({}, use) => {
    const client = await ReactAdmin.serve();
    await use(client);
    client.close();
  },
  settings: async ({ client }, use) => use({ VESTIBULE_API__ALLOWED_ORIGINS: client.origin }),
  baseURL: async ({ client, wire }, use) => {
    client.server = wire.origin;
    await use(client.origin);
  },
  complaints: async ({ complaints, wire }, use) => {
    complaints.expect(new RegExp(`^elsewhere: ${wire.origin}/`), /status of 401 .*\/(token|refresh|me)\)$/);
    await use(complaints);
  },
  admin: async ({ server }, use) => use(newPerson(server, { displayName: 'Grace Hopper' }, ['--admin'])),
});

const form = (page: Page) => page.getByRole('heading', { name: 'Sign in' });
const alert = (page: Page) => page.getByRole('alert');
const search = (page: Page) => page.getByPlaceholder('Search by name or email');
const names = (page: Page) => page.locator('tbody tr td:first-child').allTextContents();
const refresh = (page: Page) => page.getByRole('button', { name: 'Refresh' });
const refreshes = (wire: Wire) => wire.exchanges.filter(({ url }) => url.endsWith('/token/refresh')).length;

/** The sessions of somebody, as a person counts them. */
const liveSessions = (server: Server, { name }: { name: string }) => server.liveSessions(name).map(({ id }) => id);

async function sends(page: Page, name: string, password: string): Promise<void> {
  await page.getByLabel('Username or email').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

async function signsIn(page: Page, person: Person): Promise<void> {
  await page.goto('/');
  await sends(page, person.name, person.password);
  await isIn(page, person);
}

/** As an administrator, until the list of accounts is shown. */
async function opensList(page: Page, admin: Person): Promise<void> {
  await signsIn(page, admin);
  await expect.poll(() => names(page)).toContain(admin.name);
}

const isIn = (page: Page, { displayName }: Person) => expect(page.getByRole('button', { name: 'Profile' })).toHaveText(displayName);

/** On the server's own pages. */
async function signsInAtServer(page: Page, wire: Wire, person: Person): Promise<void> {
  await page.goto(`${wire.origin}/login`);
  await page.getByLabel('Username or email').fill(person.name);
  await page.getByLabel('Password', { exact: true }).fill(person.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(/\/dashboard/);
}

async function signsOut(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Profile' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
}

test('one signs in, a reload keeps the session, and one signs out', async ({ page, admin, server, wire }) => {
  await opensList(page, admin);
  const before = liveSessions(server, admin);

  await page.reload();
  await isIn(page, admin);
  expect(liveSessions(server, admin)).toEqual(before);
  expect(wire.exchanges.filter(({ url }) => url.endsWith('/token'))).toHaveLength(1);

  // The stream reports the end before the answer arrives, and the page begins to check that.
  const delays: Record<string, number> = { '/api/v1/logout': 300, '/api/v1/token/refresh': 800 };
  wire.transform = ({ url }) => new Promise((resolve) => setTimeout(resolve, delays[url] ?? 0));
  const checked = page.waitForResponse('**/token/refresh');
  await signsOut(page);
  await checked;
  await expect(alert(page)).toHaveText('You are signed out.');
  await expect(page.getByText(admin.displayName)).toHaveCount(0);
  expect(server.sessions(admin.name).map((session) => session.end_reason)).toEqual(['signed_out']);
  await page.reload();
  await expect(form(page)).toBeVisible();
});

test('two tabs get through one expiry with one refresh', async ({ page, context, admin, wire }) => {
  await context.clock.install();
  await opensList(page, admin);
  const other = await context.newPage();
  await other.goto('/#/sessions');
  await isIn(other, admin);
  const before = refreshes(wire);

  // Plenty is left.
  const lists = () => wire.exchanges.filter(({ url }) => url.includes('/users?')).length;
  const listsBefore = lists();
  await context.clock.fastForward('04:00');
  await refresh(page).click();
  await expect.poll(lists).toBeGreaterThan(listsBefore);
  expect(refreshes(wire)).toBe(before);

  await context.clock.fastForward('00:40');
  const { opened, open } = gate();
  wire.transform = ({ url }) => (url.endsWith('/token/refresh') ? opened : undefined);
  await refresh(page).click();
  await expect.poll(() => refreshes(wire)).toBe(before + 1);
  await refresh(other).click();
  await expect.poll(() => other.evaluate(async () => (await navigator.locks.query()).pending?.length)).toBe(1);
  const at = wire.exchanges.length;
  open();
  const later = () => wire.exchanges.slice(at).map(({ url }) => url.replace(/\?.*/, ''));
  await expect.poll(later).toEqual(expect.arrayContaining(['/api/v1/users', '/api/v1/sessions']));
  expect(refreshes(wire)).toBe(before + 1);
  const { access_token } = JSON.parse(wire.exchanges.findLast(({ url }) => url.endsWith('/token/refresh'))!.body.toString());
  const tokens = wire.exchanges.slice(at).flatMap(({ requestHeaders }) => requestHeaders.authorization ?? []);
  expect(new Set(tokens)).toEqual(new Set([`Bearer ${access_token}`]));
});

test.describe('without the stream of events', () => {
  test.beforeEach(async ({ context, complaints }) => {
    complaints.expect(/net::ERR_FAILED.*\/events\)/);
    await context.route('**/api/v1/events', (route) => route.abort());
  });

  test('signing out in one tab signs out the other', async ({ page, context, admin }) => {
    await signsIn(page, admin);
    const other = await context.newPage();
    await other.goto('/');
    await isIn(other, admin);
    await signsOut(page);
    await expect(alert(other)).toHaveText('You signed out in another tab.', WITHIN_5_SECONDS);
    await expect(other.getByText(admin.displayName)).toHaveCount(0);
    // And in again: both.
    await sends(page, admin.name, admin.password);
    await isIn(other, admin);
  });

  test('ended elsewhere: the next call is 401, and the page leaves', async ({ page, admin, server, wire, complaints }) => {
    complaints.expect(/status of 401/);
    await opensList(page, admin);
    server.run(['session', 'end', '--user', admin.name]);
    await page.waitForTimeout(500);
    await isIn(page, admin);
    const at = wire.exchanges.length;
    await refresh(page).click();
    await expect(alert(page)).toHaveText('Your session has ended. Sign in again.');
    await expect(page.getByText(admin.displayName)).toHaveCount(0);
    expect(wire.exchanges[at]).toMatchObject({ url: expect.stringContaining('/api/v1/users?'), status: 401 });
  });

  for (const [how, goesOn] of [
    ['with a token that is fresh', async () => {}],
    ['with a token that has expired', async ({ context }) => context.clock.fastForward('05:00')],
    ['and uses this client in another tab', async ({ other, ada }) => void (await other.goto('/'), await isIn(other, ada))],
  ] as [string, (scene: { context: BrowserContext; other: Page; ada: Person }) => Promise<void>][]) {
    test(`another person has signed in in this browser: the page leaves, ${how}`, async ({ page, context, admin, server, wire, complaints }) => {
      complaints.expect(/status of 401/);
      const ada = newPerson(server);
      await context.clock.install();
      await opensList(page, admin);
      const other = await context.newPage();
      await other.goto(`${wire.origin}/logout`);
      await other.getByRole('main').getByRole('button', { name: 'Sign out' }).click();
      await expect(other).toHaveURL(/\/signed-out/);
      await signsInAtServer(other, wire, ada);
      await goesOn({ context, other, ada });
      await isIn(page, admin);
      await refresh(page).click();
      await isIn(page, ada);
      await expect(page.getByText(admin.displayName)).toHaveCount(0);
    });
  }
});

test('ended elsewhere: the page leaves by itself', async ({ page, admin, server, wire }) => {
  await opensList(page, admin);
  await expect.poll(() => wire.streams.size).toBe(1);
  server.run(['session', 'end', '--user', admin.name]);
  await expect(alert(page)).toHaveText('Your session has ended. Sign in again.', WITHIN_5_SECONDS);
  await expect(page.getByText(admin.displayName)).toHaveCount(0);
});

test('a restart of the server signs nobody out', async ({ page, admin, server, complaints }) => {
  complaints.expect(/net::ERR_/);
  await opensList(page, admin);
  const before = liveSessions(server, admin);
  await server.restart(async () => {
    await refresh(page).click();
    await expect(page.getByText('The server cannot be reached, or does not name')).toBeVisible();
    await isIn(page, admin);
    await page.reload();
    await expect(page.getByRole('heading', { name: 'No answer' })).toBeVisible();
  });
  await page.getByRole('button', { name: 'Try again' }).click();
  await isIn(page, admin);
  await expect(search(page)).toBeVisible();
  expect(liveSessions(server, admin)).toEqual(before);
});

for (const status of [429, 503]) {
  test(`${status} to a refresh is said in words, and signs nobody out`, async ({ page, context, admin, wire, complaints }) => {
    complaints.expect(new RegExp(`status of ${status}`));
    await context.clock.install();
    await opensList(page, admin);
    await context.clock.fastForward('05:00');
    wire.transform = (exchange) => {
      if (!exchange.url.endsWith('/token/refresh')) return;
      exchange.status = status;
      delete exchange.headers['content-length'];
      exchange.body = Buffer.from(JSON.stringify({ status, code: 'busy', detail: 'Try again in 5 seconds.' }));
    };
    await refresh(page).click();
    await expect(page.getByText('Try again in 5 seconds.')).toBeVisible();
    await isIn(page, admin);
    wire.transform = () => {};
    await refresh(page).click();
    await expect.poll(() => wire.exchanges.at(-1)).toMatchObject({ url: expect.stringContaining('/users?'), status: 200 });
    await isIn(page, admin);
  });
}

test('no token is where a script could read it later, and nothing about people is stored', async ({ page, admin, wire }) => {
  await signsIn(page, admin);
  await search(page).fill(admin.email);
  await expect(page).toHaveURL(/filter/);
  const tokens = wire.exchanges.flatMap(({ body }) => /"access_token":"([^"]+)"/.exec(body.toString())?.[1] ?? []);
  expect(tokens.length).toBeGreaterThan(0);
  const session = (await page.context().cookies()).find(({ name }) => name === SESSION_COOKIE)!.value;

  const all = await haystacks(page);
  expect(sourcesWith(all, ...tokens)).toEqual(['JavaScript heap']);
  expect(sourcesWith(all, session, Buffer.from(session, 'base64url'))).toEqual([]);
  expect(sourcesWith(all, admin.email), 'the search finds what is there').toEqual(expect.arrayContaining(['document', 'fields']));
  const stores = ['document.cookie', 'cookieStore', 'localStorage', 'sessionStorage', 'indexedDB', 'caches', 'window.name'];
  const kept = new Map([...all].filter(([source]) => stores.includes(source)));
  expect([...kept.keys()].sort()).toEqual([...stores].sort());
  expect(sourcesWith(kept, admin.name, admin.displayName, admin.email, admin.password)).toEqual([]);
});

test.describe('after too many attempts', () => {
  test.use({ settings: async ({ client }, use) => use({ VESTIBULE_API__ALLOWED_ORIGINS: client.origin, VESTIBULE_THROTTLE__ACCOUNT_FAILURES: '1' }) });

  test('a wrong password and 429 are said in words', async ({ page, admin, complaints }) => {
    complaints.expect(/status of 429 .*\/token\)$/);
    await page.goto('/');
    await sends(page, admin.name, 'not the password at all');
    await expect(alert(page)).toContainText('Wrong username or password');
    await sends(page, admin.name, 'not the password at all');
    await expect(alert(page)).toContainText(/Too many attempts. Try again in \d+/);
    await expect(form(page)).toBeVisible();
  });
});

test('a session that is there already is used, and one is told', async ({ page, context, admin, server, wire, complaints }) => {
  complaints.expect(/status of 409 .*\/token\)$/);
  const ada = newPerson(server);
  await page.goto('/');
  await expect(form(page)).toBeVisible();
  await signsInAtServer(await context.newPage(), wire, ada);
  await sends(page, admin.name, admin.password);
  await isIn(page, ada);
  await expect(page.getByText('This browser was signed in already.')).toBeVisible();
  expect(server.liveSessions(admin.name)).toEqual([]);
});

test('the strict policy of the README is in force', async ({ page, admin, complaints }) => {
  complaints.expect(/policy: /, /Content Security Policy/, /elsewhere: http:\/\/127\.0\.0\.1/);
  await signsIn(page, admin);
  const refused = await page.evaluate(async () => {
    const refused: string[] = [];
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => refused.push(effectiveDirective));
    const add = (name: string, text: string) => document.body.append(Object.assign(document.createElement(name), { textContent: text }));
    add('script', 'window.planted = 1');
    add('style', 'body { color: red }');
    document.body.setAttribute('style', 'color: red');
    document.body.append(Object.assign(new Image(), { src: 'http://127.0.0.1:9/pixel' }));
    await fetch('http://127.0.0.1:9/').catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 200));
    return refused;
  });
  expect(refused.sort()).toEqual(['connect-src', 'img-src', 'script-src-elem', 'style-src-attr', 'style-src-elem']);
});

test.describe('a page of another site', () => {
  test('that is not named is refused', async ({ page, client, admin, wire, complaints, server }) => {
    complaints.expect(/CORS policy/, /net::ERR_FAILED/, /elsewhere: http:\/\/127\.0\.0\.1/);
    await signsIn(page, admin);
    await page.goto(client.foreign);
    await expect(page.getByRole('heading', { name: 'No answer' })).toBeVisible();
    expect(wire.exchanges.at(-1)).toMatchObject({ url: '/api/v1/token/refresh', status: 403 });
    expect(server.liveSessions(admin.name)).toHaveLength(1);
  });

  test.describe('that is named', () => {
    const named = ({ origin, foreign }: ReactAdmin) => ({ VESTIBULE_API__ALLOWED_ORIGINS: `${origin}, ${foreign}` });
    test.use({ settings: async ({ client }, use) => use(named(client)) });

    test('is signed out, and cannot sign in', async ({ page, client, admin, server, complaints }) => {
      complaints.expect(/elsewhere: http:\/\/127\.0\.0\.1/);
      await signsIn(page, admin);
      await page.goto(client.foreign);
      await expect(form(page)).toBeVisible();
      await sends(page, admin.name, admin.password);
      await expect(alert(page)).toContainText('this page and the server have to be of the same site');
      await expect(form(page)).toBeVisible();
      expect(server.liveSessions(admin.name), 'that of the page of the same site').toHaveLength(1);
    });
  });
});

test('a list is paged, sorted and filtered', async ({ page, admin, server }) => {
  const invited = Array.from({ length: 24 }, (_, index) => `lin${String(index).padStart(2, '0')}`);
  for (const name of invited) server.run(['user', 'invite', name]);
  const everybody = [...invited, admin.name].sort();
  await signsIn(page, admin);
  await page.getByRole('combobox', { name: 'Rows per page:' }).click();
  await page.getByRole('option', { name: '10', exact: true }).click();
  const [forward, back] = ['Go to next page', 'Go to previous page'].map((name) => page.getByRole('button', { name }));
  await expect.poll(() => names(page)).toEqual(everybody.slice(0, 10));
  await expect(back!).toBeDisabled();
  await forward!.click();
  await expect.poll(() => names(page)).toEqual(everybody.slice(10, 20));
  await forward!.click();
  await expect.poll(() => names(page)).toEqual(everybody.slice(20));
  await expect(forward!).toBeDisabled();
  // The cursors are forgotten, so a reload begins with the first page.
  await back!.click();
  await expect.poll(() => names(page)).toEqual(everybody.slice(10, 20));
  await page.reload();
  await expect.poll(() => names(page)).toEqual(everybody.slice(0, 10));
  await expect(page.getByText('Page 1')).toBeVisible();
  await page.getByRole('button', { name: 'Sort by username descending' }).click();
  await expect.poll(() => names(page)).toEqual(everybody.toReversed().slice(0, 10));
  await forward!.click();
  await expect.poll(() => names(page)).toEqual(everybody.toReversed().slice(10, 20));
  await page.getByRole('button', { name: 'Sort by username ascending' }).click();
  await search(page).fill('LIN2');
  await expect.poll(() => names(page)).toEqual(invited.filter((name) => name.startsWith('lin2')));
  await search(page).fill('nothing of that kind');
  await expect(page.getByText('No users found')).toBeVisible();
});

test('an administrator invites, ends sessions, gives the role, disables and deletes', async ({ page, admin, server, complaints }) => {
  complaints.expect(/status of 422 .*\/users\)$/);
  await signsIn(page, admin);
  await page.getByRole('link', { name: 'Invite' }).click();
  await page.getByRole('textbox', { name: 'Username' }).fill('no spaces');
  await page.getByRole('button', { name: 'Invite' }).click();
  await expect(page.getByRole('textbox', { name: 'Username' })).toHaveAccessibleDescription(/^A username has letters and digits/);
  await page.getByRole('textbox', { name: 'Username' }).fill('hedy');
  await page.getByRole('button', { name: 'Invite' }).click();
  const link = await alert(page).filter({ hasText: 'hedy is invited' }).locator('code').textContent();
  await setsPassword(server, link!.split('#')[1]!, PASSWORD);
  // That signed them in.
  server.run(['session', 'end', '--user', 'hedy']);
  await server.signsInElsewhere('hedy', PASSWORD, 'curl/8.17.0');
  await server.signsInElsewhere('hedy', PASSWORD, CHROME_ON_ANDROID);

  await page.getByRole('link', { name: 'Open the account' }).click();
  const sessions = page.getByRole('region', { name: 'Sessions' });
  await expect(sessions.getByRole('listitem')).toHaveCount(2);
  await sessions.getByRole('button', { name: 'End session: Chrome on Android' }).click();
  await expect(sessions.getByRole('listitem')).toHaveCount(1);
  expect(server.liveSessions('hedy')).toHaveLength(1);
  await server.signsInElsewhere('hedy', PASSWORD, CHROME_ON_ANDROID);
  await refresh(page).click();
  await expect(sessions.getByRole('listitem')).toHaveCount(2);
  await sessions.getByRole('button', { name: 'End all' }).click();
  await expect(sessions).toContainText('No active sessions.');
  expect(server.liveSessions('hedy')).toEqual([]);

  await page.getByRole('button', { name: 'Make administrator' }).click();
  await page.getByRole('button', { name: 'Remove administrator role' }).click();
  await expect(page.getByRole('button', { name: 'Make administrator' })).toBeVisible();
  await server.signsInElsewhere('hedy', PASSWORD, CHROME_ON_ANDROID);
  await page.getByRole('button', { name: 'Disable' }).click();
  await expect(page.getByText('Disabled', { exact: true })).toBeVisible();
  expect(server.liveSessions('hedy')).toEqual([]);
  await page.getByRole('button', { name: 'Enable' }).click();
  await expect(page.getByText('Enabled', { exact: true })).toBeVisible();

  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('button', { name: 'Confirm' }).click();
  await expect.poll(() => names(page)).toEqual([admin.name]);
});

test('a refusal is said in words', async ({ page, admin, complaints }) => {
  complaints.expect(/status of 422/);
  await signsIn(page, admin);
  await page.getByRole('cell', { name: admin.name, exact: true }).click();
  await page.getByRole('button', { name: 'Remove administrator role' }).click();
  await expect(alert(page)).toContainText('last administrator');
  await isIn(page, admin);
});

test('a member is offered their own sessions only, and ends one', async ({ page, person, server }) => {
  await server.signsInElsewhere(person.name, person.password, CHROME_ON_ANDROID);
  await signsIn(page, person);
  await expect(page.getByText('This browser')).toBeVisible();
  await expect(page.getByRole('menuitem')).toHaveText(['My sessions']);
  await page.getByRole('button', { name: 'End session: Chrome on Android' }).click();
  await expect(page.getByText('Session ended.')).toBeVisible();
  await expect(page.getByRole('main').getByRole('listitem')).toHaveCount(1);
  expect(server.liveSessions(person.name)).toHaveLength(1);
  await page.goto('/#/users');
  await expect(page.getByText('Not Found')).toBeVisible();
});

test.describe('in a session of an access key that may only read', () => {
  const settings = ({ origin }: ReactAdmin) => ({ VESTIBULE_API__ALLOWED_ORIGINS: origin, VESTIBULE_KEYS__SIGN_IN: 'true' });
  test.use({ settings: async ({ client }, use) => use(settings(client)) });

  test('nothing else is offered', async ({ page, admin, server, wire }) => {
    await server.signsInElsewhere(admin.name, admin.password, CHROME_ON_ANDROID);
    const scopes = ['profile:read', 'sessions:read', 'users:read'].flatMap((scope) => ['--scope', scope]);
    const key = server.run(['key', 'create', admin.name, '--name', 'Reader', ...scopes]).trim();
    await page.goto(`${wire.origin}/login/key`);
    await page.getByLabel('Access key', { exact: true }).fill(key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page).toHaveURL(/\/dashboard/);
    await page.goto('/');
    await expect.poll(() => names(page)).toEqual([admin.name]);
    await expect(page.getByRole('link', { name: 'Invite' })).toHaveCount(0);
    await page.getByRole('menuitem', { name: 'My sessions' }).click();
    await expect(page.getByText('Chrome on Android')).toBeVisible();
    await expect(page.getByRole('button', { name: 'End session' })).toHaveCount(0);
  });
});

test('after a new password in another tab the page stays', async ({ page, context, admin, server, wire, complaints }) => {
  // Its token ends with the old password; the client gets another one.
  complaints.expect(/status of 401 .*\/users\)$/);
  await opensList(page, admin);
  await page.getByRole('link', { name: 'Invite' }).click();
  await expect(page.getByRole('button', { name: 'Invite' })).toBeVisible();
  const name = page.getByLabel('Username');
  await name.fill('half-a-name');
  await expect.poll(() => wire.streams.size).toBe(1);
  const [stream] = wire.streams.values();
  const before = liveSessions(server, admin);
  const other = await context.newPage();
  await other.goto(`${wire.origin}/account/password`);
  await other.getByLabel('Current password', { exact: true }).fill(admin.password);
  await other.getByLabel('New password', { exact: true }).fill(PASSWORD);
  await other.getByRole('button', { name: 'Change password' }).click();
  await expect(other.getByText('Password changed.')).toBeVisible();
  await other.close();
  // It ended, because its cookie was replaced. The page follows with the new one.
  await expect.poll(() => [...wire.streams.values()].filter((open) => open !== stream)).toHaveLength(1);
  await expect(name).toHaveValue('half-a-name');
  await page.getByRole('button', { name: 'Invite' }).click();
  await expect(alert(page)).toContainText('half-a-name is invited');
  expect(liveSessions(server, admin)).toEqual(before);
});

test.describe('when the password was entered a while ago', () => {
  const settings = ({ origin }: ReactAdmin) => ({ VESTIBULE_API__ALLOWED_ORIGINS: origin, VESTIBULE_SESSION__CONFIRM_AFTER: '2s' });
  test.use({ settings: async ({ client }, use) => use(settings(client)) });

  test('the page says so, and continues after a confirmation', async ({ page, context, admin, complaints, server }) => {
    // Its token ends with the confirmation; the client gets another one.
    complaints.expect(/status of 40[13] .*\/users\//);
    await signsIn(page, admin);
    const before = liveSessions(server, admin);
    await page.waitForTimeout(2_000);
    await page.getByRole('cell', { name: admin.name, exact: true }).click();
    await expect(alert(page)).toContainText('This needs your password');
    const opening = context.waitForEvent('page');
    await alert(page).getByRole('link', { name: 'Confirm your password' }).click();
    const confirmation = await opening;
    await confirmation.getByRole('main').getByLabel('Password', { exact: true }).fill(admin.password);
    await confirmation.getByRole('button', { name: /^(Go on|Continue|Confirm)/ }).click();
    await expect(confirmation).toHaveURL(/\/dashboard/);
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect(page.getByRole('button', { name: 'Disable' })).toBeVisible();
    expect(liveSessions(server, admin)).toEqual(before);
  });
});

const PASSWORD = 'quietly humming teapots';
const CHROME_ON_ANDROID = 'Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36';

/** As the owner of a link does, on a page of the server. */
async function setsPassword(server: Server, secret: string, password: string): Promise<void> {
  const headers = { origin: server.origin, accept: 'application/json' };
  const body = new URLSearchParams({ secret, new_password: password });
  const answer = await fetch(`${server.origin}/api/use_password_link`, { method: 'POST', headers, body });
  expect(answer.status).toBeLessThan(400);
}
