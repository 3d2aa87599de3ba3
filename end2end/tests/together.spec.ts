import { expect, newPerson, overTheWire, test, type Person, type Visitor } from '../fixtures';
import { changesPassword } from '../support/account';
import { gate } from '../support/gate';
import type { Wire } from '../support/wire';

test.use(overTheWire);

/** Within a second on an idle machine. */
const WITHIN_5_SECONDS = { timeout: 5_000 };

const reason = (visitor: Visitor) => visitor.notice;
const covered = (visitor: Visitor) => visitor.page.locator('html[data-covered]');
const displayName = (visitor: Visitor) => visitor.page.getByLabel('Full name');

/** Waits until this number of pages watch their sessions. */
const watched = (wire: Wire, pages: number) => expect.poll(() => wire.streams.size).toBe(pages);

/** Signs in, and leaves a page open that was requested with a query. */
async function reads(visitor: Visitor, person: Person, wire: Wire): Promise<void> {
  await visitor.signsIn(person);
  await visitor.open('/account/profile?where=i+was');
  await watched(wire, 1);
}

async function isRedirectedToSignIn(visitor: Visitor, person: Person, words: string): Promise<void> {
  await expect(visitor.page).toHaveURL('/login?next=%2Faccount%2Fprofile%3Fwhere%3Di%2Bwas', WITHIN_5_SECONDS);
  await expect(reason(visitor)).toContainText(words);
  await expect(visitor.page.getByText(person.displayName)).toHaveCount(0);
}

for (const [what, command, words] of [
  ['a session that is ended', ['session', 'end', '--user'], 'An administrator signed you out'],
  ['a disabled account', ['user', 'disable'], 'An administrator signed you out'],
  ['a new password', ['user', 'set-password', '--password-stdin'], 'your password was changed'],
] as const) {
  test(`${what} on the command line: the open page leaves, gives the reason, and leads back`, async ({ visitor, person, server, wire }) => {
    await reads(visitor, person, wire);
    server.run([...command, person.name], 'another horse battery\n');
    await isRedirectedToSignIn(visitor, person, words);
    if (what === 'a disabled account') return;
    await visitor.sends(person.name, what === 'a new password' ? 'another horse battery' : person.password);
    await expect(visitor.page).toHaveURL('/account/profile?where=i+was');
  });
}

test('a new password in another browser: the open page leaves', async ({ visitor, person, another, wire }) => {
  await reads(visitor, person, wire);
  const elsewhere = await another();
  await elsewhere.signsIn(person);
  await elsewhere.open('/account/password');
  await changesPassword(elsewhere, person.password, 'quietly humming teapots');
  await isRedirectedToSignIn(visitor, person, 'your password was changed');
});

test('the page of a failure leaves too', async ({ visitor, person, server, wire, complaints }) => {
  complaints.expect(/status of 404/);
  await visitor.signsIn(person);
  await watched(wire, 1);
  const answer = await visitor.page.goto('/no/such/page');
  expect(answer?.status()).toBe(404);
  await expect(visitor.personButton).toContainText(person.displayName);
  await watched(wire, 1);
  server.run(['session', 'end', '--user', person.name]);
  await expect(visitor.page).toHaveURL('/login?next=%2Fno%2Fsuch%2Fpage', WITHIN_5_SECONDS);
  await expect(reason(visitor)).toContainText('An administrator signed you out');
  await expect(visitor.page.getByText(person.displayName)).toHaveCount(0);
});

test('signing out in one tab signs out the others', async ({ visitor, person, wire, complaints }) => {
  // The hidden tab holds no stream, so it polls.
  complaints.expect(/status of 401/);
  await visitor.signsIn(person);
  const other = await visitor.newTab();
  const hidden = await visitor.newTab();
  await other.open('/account/profile');
  await hidden.open('/dashboard');
  await watched(wire, 3);
  await hidden.hide();
  await watched(wire, 2);
  await visitor.signsOut();
  for (const tab of [other, hidden]) {
    await expect(tab.page).toHaveURL('/signed-out', WITHIN_5_SECONDS);
    await expect(tab.page.getByRole('heading', { level: 1 })).toHaveText('You are signed out');
  }
});

test('signing out in a tab without its script signs out the others', async ({ visitor, person, wire, complaints }) => {
  complaints.expect(/net::ERR_FAILED/, /uncaught: TypeError: Failed to fetch/);
  await visitor.signsIn(person);
  await watched(wire, 1);
  const other = await visitor.newTab();
  await other.page.route('**/*.wasm', (route) => route.abort());
  await other.page.goto('/dashboard');
  await other.pressesSignOut();
  await expect(visitor.page).toHaveURL('/signed-out', WITHIN_5_SECONDS);
});

test('a pending form is not interrupted by the end that it causes', async ({ visitor, person, wire }) => {
  await visitor.signsIn(person);
  await watched(wire, 1);
  const { opened, open } = gate();
  wire.transform = async ({ url }) => {
    if (url === '/api/logout') await opened;
  };
  await visitor.pressesSignOut();
  // The page has been notified of the end by then, and waits for the answer.
  await watched(wire, 0);
  await visitor.page.waitForTimeout(500);
  await expect(visitor.page).toHaveURL(/dashboard/);
  open();
  await expect(visitor.page.getByRole('main')).toContainText(`Account: ${person.displayName}`);
  expect(await visitor.sessionCookie()).toBeUndefined();
});

test('a new password in another tab leaves this one as it is', async ({ visitor, person, wire, server, complaints }) => {
  // The answer with the new cookie arrives later than the page's next request.
  complaints.expect(/status of 401/);
  await reads(visitor, person, wire);
  await displayName(visitor).fill('Typed before');
  const other = await visitor.newTab();
  await other.open('/account/password');
  await changesPassword(other, person.password, 'quietly humming teapots');
  await expect(other.notice).toContainText('Password changed.');
  await watched(wire, 2);
  await expect(displayName(visitor)).toHaveValue('Typed before');
  await visitor.page.getByRole('button', { name: 'Save' }).click();
  await expect(visitor.notice).toContainText('Saved.');
  server.run(['session', 'end', '--user', person.name]);
  for (const tab of [visitor, other]) await expect(tab.page).toHaveURL(/\/login/, WITHIN_5_SECONDS);
});

test('when another person signs in, the tabs of the former one get a fresh page', async ({ visitor, person, server, wire }) => {
  const grace = newPerson(server, { displayName: 'Grace Hopper' });
  const other = await visitor.newTab();
  const hidden = await visitor.newTab();
  await other.open('/login');
  await reads(visitor, person, wire);
  await hidden.open('/dashboard');
  await hidden.hide();
  await watched(wire, 1);
  await displayName(visitor).fill('Of nobody else’s concern');
  await other.sends(grace.name, grace.password);
  await other.isWelcomed(grace);
  for (const tab of [visitor, hidden]) {
    await tab.isWelcomed(grace);
    await expect(tab.page.getByText(person.displayName)).toHaveCount(0);
  }
});

test.describe('a hidden page', () => {
  test('holds no stream, and shows the input again after its check', async ({ visitor, person, wire }) => {
    await reads(visitor, person, wire);
    await displayName(visitor).fill('Typed before');
    await visitor.hide();
    await watched(wire, 0);
    await expect(covered(visitor)).toHaveCount(1);
    await expect(displayName(visitor)).toBeHidden();
    await visitor.show();
    await expect(covered(visitor)).toHaveCount(0);
    await expect(displayName(visitor)).toHaveValue('Typed before');
    await expect(displayName(visitor)).toBeFocused();
    await watched(wire, 1);
  });

  test('stays covered while the server does not answer', async ({ visitor, person, wire, complaints }) => {
    complaints.expect(/net::ERR_/, /Failed to fetch/);
    await reads(visitor, person, wire);
    await visitor.hide();
    await watched(wire, 0);
    wire.cut();
    await visitor.show();
    await visitor.page.waitForTimeout(500);
    await expect(covered(visitor)).toHaveCount(1);
    await expect(visitor.page).toHaveURL('/account/profile?where=i+was');
    wire.restore();
    await expect(covered(visitor)).toHaveCount(0);
  });

  test('leaves when it is shown again and the session has ended', async ({ visitor, person, wire, server, complaints }) => {
    complaints.expect(/status of 401/);
    await reads(visitor, person, wire);
    await visitor.hide();
    await watched(wire, 0);
    const before = wire.exchanges.length;
    server.run(['session', 'end', '--user', person.name]);
    await visitor.page.waitForTimeout(500);
    expect(wire.exchanges.slice(before), 'it asks nothing').toEqual([]);
    await visitor.show();
    await isRedirectedToSignIn(visitor, person, 'An administrator signed you out');
  });
});

test.describe('when the network is lost', () => {
  test.beforeEach(({ complaints }) => complaints.expect(/net::ERR_/, /Failed to fetch/, /status of 401/));

  test('the page stays, and is notified of the end when it is back', async ({ visitor, person, wire, server }) => {
    await reads(visitor, person, wire);
    await displayName(visitor).fill('Typed before');
    wire.cut();
    await watched(wire, 0);
    await visitor.page.waitForTimeout(1_000);
    await expect(displayName(visitor)).toHaveValue('Typed before');
    await expect(covered(visitor)).toHaveCount(0);
    wire.restore();
    await watched(wire, 1);
    server.run(['session', 'end', '--user', person.name]);
    await isRedirectedToSignIn(visitor, person, 'An administrator signed you out');
  });

  test('an end in the meantime is seen when it is back', async ({ visitor, person, wire, server }) => {
    await reads(visitor, person, wire);
    wire.cut();
    await watched(wire, 0);
    server.run(['session', 'end', '--user', person.name]);
    await visitor.page.waitForTimeout(500);
    await expect(displayName(visitor)).toHaveValue(person.displayName);
    wire.restore();
    await isRedirectedToSignIn(visitor, person, 'An administrator signed you out');
  });
});
