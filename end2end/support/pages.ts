/** Every page in every state, and the steps to it. */

import { expect, newPerson, type Person, type Visitor } from '../fixtures';
import { changesPassword } from './account';
import { choosesPassword, opensLink } from './links';
import type { Server } from './server';
import type { Attacker } from './attacker';
import type { Wire } from './wire';

export type Scene = { visitor: Visitor; server: Server; wire: Wire; attacker: Attacker };

/** The pages that need a session: every `SignedIn` of `src/domain/page.rs`. */
export const PRIVATE = ['/dashboard', '/account/sessions', '/account/activity', '/account/profile', '/account/password', '/account/keys', '/account/confirm'];

/**
 * So that the page of the confirmation can be seen without a long wait. The other pages have to be reached
 * within that time, also on a busy machine. And the page for signing in with an access key exists.
 */
export const SETTINGS = { VESTIBULE_SESSION__CONFIRM_AFTER: '15s', VESTIBULE_KEYS__SIGN_IN: 'true' };

/** The time until the password is asked for again. */
export const waitForExpiry = ({ page }: Visitor): Promise<void> => page.waitForTimeout(15_000);

/** Console messages for failures that these pages consist of. */
export const EXPECTED_ON_PAGES = [/status of (40[134]|422)/, /elsewhere: http:\/\/127\.0\.0\.1/];

export const PAGES: Record<string, (scene: Scene) => Promise<void>> = {
  login: async ({ visitor, server }) => {
    newPerson(server);
    await visitor.open('/login');
  },

  'login-no-account': async ({ visitor }) => visitor.open('/login'),

  'login-error': async ({ visitor, server }) => {
    const { name } = newPerson(server);
    await visitor.open('/login');
    await visitor.sends(name, 'not the password at all');
    await expect(visitor.problem).toBeFocused();
  },

  'login-ended': async ({ visitor, server }) => {
    const person = newPerson(server);
    await visitor.signsIn(person);
    server.run(['session', 'end', '--user', person.name]);
    await isOut(visitor, 'An administrator signed you out');
  },

  'login-cookie-not-kept': async ({ visitor, server, wire }) => {
    const { name, password } = newPerson(server);
    wire.transform = ({ headers }) => void delete headers['set-cookie'];
    await visitor.open('/login');
    await visitor.sends(name, password);
    await expect(visitor.notice).toContainText('did not keep');
    await visitor.waitForHydration();
  },

  'login-key': async ({ visitor, server }) => {
    newPerson(server);
    await visitor.open('/login/key');
  },

  'login-key-error': async ({ visitor, server }) => {
    newPerson(server);
    await visitor.open('/login/key');
    await visitor.page.getByLabel('Access key', { exact: true }).fill('vst_unknown');
    await visitor.signInButton.click();
    await expect(visitor.problem).toBeFocused();
  },

  // A session of the key opens no page that names no scope.
  'login-key-scope': async ({ visitor, server }) => {
    newPerson(server, { name: 'ada', displayName: 'Ada Lovelace', email: 'ada@example.org' });
    await signsInWithKey(visitor, server.run(createsKey('ada', 'Nightly backup')));
    await visitor.page.goto('/account/keys');
    await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('Not with this access key');
    await expect(visitor.personButton).toBeVisible();
  },

  dashboard: async ({ visitor, server }) => {
    const person = newPerson(server, { name: 'ada', displayName: 'Ada Lovelace', email: 'ada@example.org' });
    await visitor.signsIn(person);
    await visitor.signsOut();
    await visitor.open('/login');
    await visitor.page.getByLabel('Stay signed in for 14 days').check();
    await visitor.sends(person.name, person.password);
    await visitor.isWelcomed(person);
  },

  'dashboard-long-names': async ({ visitor, server }) => {
    const word = 'Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewissenhaft';
    const name = word.slice(0, 64);
    await visitor.signsIn(newPerson(server, { name, displayName: name, email: `${name}@${name.slice(0, 63)}.example` }));
  },

  'dashboard-new-device': async ({ visitor, server }) => {
    const person = newPerson(server, { name: 'ada', displayName: 'Ada Lovelace', email: 'ada@example.org' });
    await visitor.signsIn(person);
    await server.signsInElsewhere(person.name, person.password, ELSEWHERE[0]!);
    await visitor.open('/dashboard');
    await expect(visitor.page.getByRole('heading', { name: 'New sign-in. Was this you?' })).toBeVisible();
  },

  'password-after-disowning': async ({ visitor, server }) => {
    const person = newPerson(server, { name: 'ada', displayName: 'Ada Lovelace', email: 'ada@example.org' });
    await visitor.signsIn(person);
    await server.signsInElsewhere(person.name, person.password, ELSEWHERE[0]!);
    await visitor.open('/dashboard');
    await visitor.page.getByRole('button', { name: 'No, secure my account' }).click();
    await expect(visitor.notice).toContainText('choose a new one');
    await visitor.waitForHydration();
  },

  'dashboard-menu': async ({ visitor, server }) => {
    await administers('/dashboard', visitor, server);
    await visitor.opensPersonMenu();
  },

  password: async ({ visitor, server }) => {
    await signsInAt('/account/password', visitor, server);
  },

  'password-error': async ({ visitor, server }) => {
    const { password } = await signsInAt('/account/password', visitor, server);
    await changesPassword(visitor, password, 'passwordpassword');
    await expect(visitor.problem).toBeFocused();
  },

  'password-changed': async ({ visitor, server }) => {
    const { password } = await signsInAt('/account/password', visitor, server);
    await changesPassword(visitor, password, 'quietly humming teapots');
    await expect(visitor.notice).toContainText('Password changed.');
    await visitor.waitForHydration();
  },

  'password-with-keys': async ({ visitor, server }) => {
    await signsInWithKeys('/account/password', visitor, server);
  },

  'keys-none': async ({ visitor, server }) => {
    await signsInAt('/account/keys', visitor, server);
  },

  keys: async ({ visitor, server }) => {
    await signsInWithKeys('/account/keys', visitor, server);
  },

  'keys-made': async ({ visitor, server }) => {
    await signsInAt('/account/keys', visitor, server);
    await makesKey(visitor, 'Nightly backup of server 2');
    await expect(visitor.notice).toContainText('Copy the key now');
    await visitor.waitForHydration();
  },

  'keys-error': async ({ visitor, server }) => {
    await signsInWithKeys('/account/keys', visitor, server);
    await visitor.page.getByLabel('Name', { exact: true }).fill('Nightly backup');
    await visitor.page.getByLabel('List your sessions').check();
    await visitor.page.getByLabel('Networks (optional)').fill('example.org');
    await visitor.page.getByRole('button', { name: 'Create access key' }).click();
    await expect(visitor.problem).toBeFocused();
  },

  'keys-suspended': async ({ visitor, server }) => {
    const person = await createPersonWithKeys(server);
    server.run(['key', 'suspend', '--all']);
    await visitor.signsIn(person);
    await visitor.open('/account/keys');
  },

  'keys-ended': async ({ visitor, server }) => {
    const person = await createPersonWithKeys(server);
    server.run(['key', 'revoke', '--user', person.name]);
    await visitor.signsIn(person);
    await visitor.open('/account/keys');
    await visitor.page.getByText('Revoked and expired keys').click();
  },

  profile: async ({ visitor, server }) => {
    await signsInAt('/account/profile', visitor, server);
  },

  'profile-error': async ({ visitor, server }) => {
    await signsInAt('/account/profile', visitor, server);
    await visitor.page.getByLabel('Email (optional)').fill('nowhere');
    await visitor.page.getByRole('button', { name: 'Save' }).click();
    await expect(visitor.problem).toBeFocused();
  },

  'profile-saved': async ({ visitor, server }) => {
    await signsInAt('/account/profile', visitor, server);
    await visitor.page.getByRole('button', { name: 'Save' }).click();
    await expect(visitor.notice).toHaveText('Saved.');
    await visitor.waitForHydration();
  },

  'sessions-only-this': async ({ visitor, server }) => {
    await signsInAt('/account/sessions', visitor, server);
  },

  sessions: async ({ visitor, server }) => signsInAmongOthers(visitor, server, ELSEWHERE.length),

  'sessions-with-keys': async ({ visitor, server }) => {
    await signsInWithKeys('/account/sessions', visitor, server);
  },

  'sessions-fifty': async ({ visitor, server }) => signsInAmongOthers(visitor, server, 49),

  'sessions-ended': async ({ visitor, server }) => {
    await signsInAmongOthers(visitor, server, 2);
    await visitor.page.getByRole('button', { name: /^Sign out\s?: / }).first().click();
    await expect(visitor.notice).toContainText('was signed out.');
    await visitor.waitForHydration();
  },

  // Ended meanwhile and deleted, or never hers.
  'sessions-gone': async ({ visitor, server }) => {
    await signsInAmongOthers(visitor, server, 2);
    await visitor.page.locator('form[action$=end_session] input[name=id]').first().evaluate((id: HTMLInputElement) => (id.value = 'gone'));
    await visitor.page.getByRole('button', { name: /^Sign out\s?: / }).first().click();
    await expect(visitor.page.getByText(/Not found\. It may have been deleted|It may have moved/).first()).toBeVisible();
  },

  'activity-none': async ({ visitor, server }) => {
    await signsInAt('/account/activity?event=password_changed', visitor, server);
  },

  'activity-many': async ({ visitor, server }) => {
    const { name, password } = newPerson(server, { name: 'ada', displayName: 'Ada Lovelace', email: 'ada@example.org' });
    for (let other = 0; other < 60; other++) await server.signsInElsewhere(name, password, ELSEWHERE[other % ELSEWHERE.length]!);
    await visitor.open('/login');
    await visitor.sends(name, password);
    await expect(visitor.page).toHaveURL(/dashboard/);
    await visitor.open('/account/activity');
  },

  activity: async ({ visitor, server }) => {
    const { name, password } = newPerson(server, { name: 'ada', displayName: 'Ada Lovelace', email: 'ada@example.org' });
    await server.signsInElsewhere(name, password, ELSEWHERE[0]!);
    await visitor.open('/login');
    await visitor.sends(name, 'not the password at all');
    await expect(visitor.problem).toBeFocused();
    await visitor.sends(name, password);
    await expect(visitor.page).toHaveURL(/dashboard/);
    // An open page would leave by itself, and get in the way of the next navigation.
    await visitor.page.goto('about:blank');
    server.run(['session', 'end', '--user', name]);
    await visitor.open('/login');
    await visitor.sends(name, password);
    await expect(visitor.page).toHaveURL(/dashboard/);
    await visitor.open('/account/activity');
  },

  confirm: async ({ visitor, server }) => {
    await signsInAt('/account/profile', visitor, server);
    await waitForExpiry(visitor);
    await visitor.open('/account/confirm');
    await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('Confirm your password');
  },

  help: async ({ visitor }) => visitor.open('/help'),

  'password-link': async ({ visitor, server }) => {
    newPerson(server);
    await visitor.open('/password-link');
  },

  'password-link-error': async ({ visitor, server }) => {
    newPerson(server);
    await visitor.open('/password-link');
    await visitor.page.getByLabel('Code', { exact: true }).fill('00000-00000-00000-00000-00000-00000');
    await visitor.page.getByRole('button', { name: 'Continue', exact: true }).click();
    await expect(visitor.problem).toBeFocused();
  },

  'password-link-dead': async ({ visitor, server }) => {
    newPerson(server);
    await opensLink(visitor, `${server.origin}/password-link#01234-56789-ABCDE-FGHJK-MNPQR-STVWX`);
    await expect(visitor.problem).toContainText('already used');
  },

  'password-link-invitation': async ({ visitor, server }) => {
    const person = ['grace', '--display-name', 'Grace Hopper', '--email', 'grace@example.org'];
    const [link] = server.run(['user', 'invite', ...person]).split('\n');
    await opensLink(visitor, link!);
    await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('Welcome, Grace Hopper');
  },

  'password-link-reset': async ({ visitor, server }) => {
    const { name } = newPerson(server, { name: 'ada', displayName: 'Ada Lovelace', email: 'ada@example.org' });
    const [link] = server.run(['user', 'reset', name]).split('\n');
    await opensLink(visitor, link!);
    await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('Choose a new password');
  },

  'password-link-common': async ({ visitor, server }) => {
    const [link] = server.run(['user', 'invite', 'hedy']).split('\n');
    await opensLink(visitor, link!);
    await choosesPassword(visitor, 'passwordpassword');
    await expect(visitor.problem).toBeFocused();
  },

  'dashboard-invited': async ({ visitor, server }) => {
    const person = ['grace', '--display-name', 'Grace Hopper', '--email', 'grace@example.org'];
    const [link] = server.run(['user', 'invite', ...person]).split('\n');
    await opensLink(visitor, link!);
    await choosesPassword(visitor, 'quietly humming teapots');
    await expect(visitor.notice).toContainText('Your account is ready');
    await visitor.waitForHydration();
  },

  'admin-users-alone': async ({ visitor, server }) => administers('/admin/users', visitor, server),

  'admin-users-nobody': async ({ visitor, server }) => administers('/admin/users?search=nobody', visitor, server),

  'admin-users': async ({ visitor, server }) => {
    createPeople(server);
    await administers('/admin/users', visitor, server);
  },

  'admin-users-fifty': async ({ visitor, server }) => {
    for (let other = 10; other < 62; other++) server.run(['user', 'invite', `person${other}`]);
    await administers('/admin/users', visitor, server);
  },

  'admin-users-disabled': async ({ visitor, server }) => {
    createPeople(server);
    await administers('/admin/users?search=a&filter=disabled', visitor, server);
  },

  'admin-invite': async ({ visitor, server }) => administers('/admin/users/invite', visitor, server),

  'admin-invite-error': async ({ visitor, server }) => {
    await administers('/admin/users/invite', visitor, server);
    await visitor.page.getByLabel('Username').fill('grace');
    await visitor.page.getByRole('button', { name: 'Create invitation link' }).click();
    await expect(visitor.problem).toBeFocused();
  },

  'admin-invite-made': async ({ visitor, server }) => {
    await administers('/admin/users/invite', visitor, server);
    await visitor.page.getByLabel('Full name').fill('Hedy Lamarr');
    await visitor.page.getByLabel('Username').fill('hedy');
    await visitor.page.getByRole('button', { name: 'Create invitation link' }).click();
    await expect(visitor.notice).toContainText('Copy this link now');
    await visitor.waitForHydration();
  },

  'admin-user': async ({ visitor, server }) => {
    const { name, password } = newPerson(server, { name: 'ada', displayName: 'Ada Lovelace', email: 'ada@example.org' });
    for (const userAgent of ELSEWHERE) await server.signsInElsewhere(name, password, userAgent);
    const { id } = JSON.parse(server.run(['user', 'show', name, '--json'])) as { id: string };
    await administers(`/admin/users/${id}`, visitor, server);
  },

  'admin-user-asked': async ({ visitor, server }) => {
    const { name, password } = newPerson(server, { name: 'ada', displayName: 'Ada Lovelace', email: 'ada@example.org' });
    await server.signsInElsewhere(name, password, ELSEWHERE[0]!);
    const { id } = JSON.parse(server.run(['user', 'show', name, '--json'])) as { id: string };
    await administers(`/admin/users/${id}`, visitor, server);
    for (const label of ['Make administrator', 'Sign out everywhere', 'Disable account']) {
      await visitor.page.locator('summary', { hasText: label }).click();
    }
  },

  'admin-user-error': async ({ visitor, server }) => {
    const { name } = newPerson(server, { name: 'ada', displayName: 'Ada Lovelace', email: 'ada@example.org' });
    const { id } = JSON.parse(server.run(['user', 'show', name, '--json'])) as { id: string };
    await administers(`/admin/users/${id}`, visitor, server);
    await visitor.page.getByLabel('Username', { exact: true }).fill('no spaces');
    await visitor.page.getByRole('button', { name: 'Save' }).click();
    await expect(visitor.problem).toBeFocused();
  },

  'admin-user-not-deleted': async ({ visitor, server }) => {
    const { name } = newPerson(server, { name: 'ada', displayName: 'Ada Lovelace', email: 'ada@example.org' });
    const { id } = JSON.parse(server.run(['user', 'show', name, '--json'])) as { id: string };
    await administers(`/admin/users/${id}`, visitor, server);
    await visitor.page.getByLabel('Username of the account').fill('grace');
    await visitor.page.getByRole('button', { name: 'Delete Ada Lovelace' }).click();
    await expect(visitor.problem).toBeFocused();
  },

  'admin-user-keys': async ({ visitor, server }) => {
    const { name } = await createPersonWithKeys(server);
    const { id } = JSON.parse(server.run(['user', 'show', name, '--json'])) as { id: string };
    await administers(`/admin/users/${id}`, visitor, server);
  },

  'admin-user-own': async ({ visitor, server }) => {
    await administers('/admin/users', visitor, server);
    await visitor.page.getByRole('link', { name: 'Grace Hopper' }).click();
    await visitor.waitForHydration();
  },

  'admin-activity': async ({ visitor, server }) => {
    createPeople(server);
    for (const userAgent of ELSEWHERE) await server.guesses('ada', userAgent);
    await server.guesses('nobody');
    await administers('/admin/activity', visitor, server);
  },

  'admin-activity-narrowed-to-nothing': async ({ visitor, server }) => {
    await administers('/admin/activity?user=nobody&event=link_used&since=2026-02-28&until=2026-03-31', visitor, server);
  },

  'admin-activity-followed': async ({ visitor, server }) => {
    createPeople(server);
    await administers('/admin/activity?follow=on', visitor, server);
    server.run(['user', 'promote', 'maryam']);
  },

  'admin-system': async ({ visitor, server }) => administers('/admin/system', visitor, server),

  // A proxy that is not trusted.
  'admin-system-finding': async ({ visitor, server }) => {
    await visitor.page.setExtraHTTPHeaders({ 'x-forwarded-for': '192.0.2.7', 'x-forwarded-host': 'inner.example' });
    await administers('/admin/system', visitor, server);
    await expect(visitor.page.getByRole('main')).toContainText('not a trusted proxy');
  },

  setup: async ({ visitor }) => visitor.open('/setup'),

  'setup-error': async ({ visitor }) => {
    await visitor.open('/setup');
    await visitor.page.getByLabel('One-time code').fill('00000-00000-00000-00000');
    await visitor.page.getByLabel('Full name').fill('Ada Lovelace');
    await visitor.page.getByLabel('Username').fill('ada');
    await visitor.password.fill('correct horse battery');
    await visitor.page.getByRole('button', { name: 'Create account' }).click();
    await expect(visitor.problem).toBeFocused();
  },

  logout: async ({ visitor, server }) => {
    await visitor.signsIn(newPerson(server));
    await visitor.open('/logout');
  },

  'logout-signed-out': async ({ visitor }) => visitor.open('/logout'),

  'signed-out-everywhere': async ({ visitor, server }) => {
    await signsInWithKeys('/account/sessions', visitor, server);
    await visitor.page.getByText('Sign out everywhere', { exact: true }).click();
    await visitor.page.getByRole('button', { name: 'Yes, sign out everywhere' }).click();
    await expect(visitor.page.getByRole('main')).toContainText('access keys were revoked');
    await visitor.waitForHydration();
  },

  'signed-out': async ({ visitor, server }) => {
    await visitor.signsIn(newPerson(server));
    await visitor.signsOut();
  },

  'error-404': async ({ visitor }) => {
    await visitor.page.goto('/no/such/page');
  },

  'error-403': async ({ visitor, wire, attacker }) => {
    const form = attacker.serve(`<form method=post action="${wire.origin}/api/login"><button>Win a prize</button></form>`);
    await visitor.page.goto(attacker.foreigner + form);
    await visitor.page.getByRole('button').click();
    await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('Refused');
  },
};

export const ELSEWHERE = [
  'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0',
  'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
  'A reader of feeds that says nothing of itself',
];

/** A page leaves by itself: navigating from there as well would interrupt one of the two navigations. */
export async function isOut(visitor: Visitor, reason: string): Promise<void> {
  if (visitor.way === 'without JavaScript') await visitor.page.goto('/dashboard');
  await expect(visitor.page).toHaveURL(/\/login/);
  await expect(visitor.notice).toContainText(reason);
  await visitor.waitForHydration();
}

/** People whose names are long, or written in other directions. */
function createPeople(server: Server): void {
  const word = 'Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewissenhaft';
  newPerson(server, { name: 'ada', displayName: 'Ada Lovelace', email: 'ada@example.org' });
  newPerson(server, { name: word.slice(0, 64), displayName: word, email: `${word.slice(0, 60)}@${word.slice(0, 60)}.example` });
  newPerson(server, { name: 'maryam', displayName: 'مريم ميرزاخاني', email: 'maryam@example.org' });
  newPerson(server, { name: 'lei', displayName: '李雷 🐎🔋📎', email: 'lei@example.org' });
  server.run(['user', 'disable', 'lei']);
  server.run(['user', 'invite', 'hedy', '--display-name', 'Hedy Lamarr']);
}

/** The command line that makes a key. It prints the key. */
function createsKey(user: string, name: string, ...more: string[]): string[] {
  return ['key', 'create', user, '--name', name, '--scope', 'profile:read', '--scope', 'sessions:read', ...more];
}

/** With a key that was used, one for some networks, and one with a long name. */
async function createPersonWithKeys(server: Server): Promise<Person> {
  const person = newPerson(server, { name: 'ada', displayName: 'Ada Lovelace', email: 'ada@example.org' });
  const used = server.run(createsKey(person.name, 'Nightly backup')).trim();
  await server.signsInWithKey(used, 'backup/2.1');
  server.run(createsKey(person.name, 'Office', '--network', '192.0.2.0/24', '--network', '2001:db8::/32'));
  server.run(createsKey(person.name, 'Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewissenh'));
  return person;
}

async function signsInWithKeys(path: string, visitor: Visitor, server: Server): Promise<Person> {
  const person = await createPersonWithKeys(server);
  await visitor.signsIn(person);
  await visitor.open(path);
  return person;
}

/** Signs in at `/login/key`. */
export async function signsInWithKey(visitor: Visitor, key: string): Promise<void> {
  await visitor.open('/login/key');
  await visitor.page.getByLabel('Access key', { exact: true }).fill(key.trim());
  await visitor.signInButton.click();
  await expect(visitor.page).toHaveURL(/\/dashboard/);
  await visitor.waitForHydration();
}

/** Fills in the form of the page of access keys, and sends it. */
export async function makesKey({ page }: Visitor, name: string): Promise<void> {
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Read your profile and your activity').check();
  await page.getByLabel('List your sessions').check();
  await page.getByRole('button', { name: 'Create access key' }).click();
}

async function administers(path: string, visitor: Visitor, server: Server): Promise<void> {
  await visitor.signsIn(newPerson(server, { name: 'grace', displayName: 'Grace Hopper', email: 'grace@example.org' }, ['--admin']));
  await visitor.open(path);
}

async function signsInAmongOthers(visitor: Visitor, server: Server, others: number): Promise<void> {
  const { name, password } = newPerson(server, { name: 'ada', displayName: 'Ada Lovelace', email: 'ada@example.org' });
  for (let other = 0; other < others; other++) {
    await server.signsInElsewhere(name, password, ELSEWHERE[other % ELSEWHERE.length]!, other % 2 === 0);
  }
  await visitor.open('/login');
  await visitor.sends(name, password);
  await expect(visitor.page).toHaveURL(/dashboard/);
  await visitor.open('/account/sessions');
}

async function signsInAt(path: string, visitor: Visitor, server: Server): Promise<Person> {
  const person = newPerson(server, { name: 'ada', displayName: 'Ada Lovelace', email: 'ada@example.org' });
  await visitor.signsIn(person);
  await visitor.open(path);
  return person;
}
