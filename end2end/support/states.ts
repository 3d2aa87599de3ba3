/** States of pages for pictures beside those of `PAGES`: errors, and states that need a clock. */

import { expect, newPerson, SESSION_COOKIE, type Person, type Visitor } from '../fixtures';
import { changesPassword } from './account';
import { opensLink } from './links';
import { BRAND } from './site';
import { ELSEWHERE, isOut, waitForExpiry, SETTINGS, type Scene } from './pages';
import type { Server, Settings } from './server';

type State = { settings: Settings; arrive: (scene: Scene) => Promise<void> };

const at = (arrive: State['arrive'], settings: Settings = SETTINGS): State => ({ settings, arrive });

const IDLE = { ...SETTINGS, VESTIBULE_SESSION__IDLE_TIMEOUT: '4s' };
const WARNED = { ...SETTINGS, VESTIBULE_SESSION__IDLE_TIMEOUT: '90s' };
const LONGEST = { ...SETTINGS, VESTIBULE_SESSION__IDLE_TIMEOUT: '4s', VESTIBULE_SESSION__ABSOLUTE_TIMEOUT: '4s' };
const OF_AN_OWNER = { ...SETTINGS, ...BRAND };
const OLD_SESSION = { ...SETTINGS, VESTIBULE_SESSION__MAX_SESSIONS: '1' };

export const EXPECTED_IN_STATES = [
  /status of (405|413|429|431|503)/,
  /Refused to apply style/,
  /elsewhere: /,
  /ERR_/,
  /uncaught: TypeError: Failed to fetch/,
];

export const STATES: Record<string, State> = {
  'login-of-an-owner': at(async ({ visitor, server }) => {
    newPerson(server);
    await visitor.page.goto('/login');
  }, OF_AN_OWNER),

  'dashboard-of-an-owner': at(async ({ visitor, server }) => {
    await isIn(visitor, server);
    await visitor.opensPersonMenu();
  }, OF_AN_OWNER),

  'dashboard-dark-by-choice': at(async ({ visitor, server }) => {
    await isIn(visitor, server);
    await visitor.opensPersonMenu();
    await visitor.page.getByRole('button', { name: 'Dark' }).click();
    await expect(visitor.page.locator('html[data-theme=dark]')).toHaveCount(1);
    await visitor.waitForHydration();
  }),

  'login-throttled': at(async ({ visitor, server }) => {
    const { name } = newPerson(server);
    for (let guess = 0; guess < 10; guess++) await server.guesses(name);
    await visitor.open('/login');
    await visitor.sends(name, 'not the password at all');
    await expect(visitor.page.getByText(/Too many attempts/).first()).toBeVisible();
  }),

  'login-busy': at(
    async ({ visitor, server }) => {
      const { name } = newPerson(server);
      await visitor.open('/login');
      let over = false;
      const crowd = Array.from({ length: 12 }, async (_, member) => {
        while (!over) await server.guesses(`nobody${member}-${Math.random()}`).catch(() => undefined);
      });
      await visitor.sends(name, 'not the password at all');
      const problem = visitor.page.getByText(/Many people are signing in/);
      await expect(problem).toBeVisible().finally(() => (over = true));
      await Promise.all(crowd);
    },
    { ...SETTINGS, VESTIBULE_HASHING__QUEUE: '1', VESTIBULE_THROTTLE__ADDRESS_FAILURES: '100000' },
  ),

  'login-name-unseen': at(async ({ visitor, server }) => {
    const { name, password } = newPerson(server);
    await visitor.open('/login');
    await visitor.sends(`${name.slice(0, 3)}\u200b\u202e${name.slice(3)}`, password);
    await expect(visitor.problem.or(visitor.page.getByRole('heading', { name: /Hello/ }))).toBeVisible();
  }),

  'login-ended-idle': at(({ visitor, server }) => comesBack(visitor, server, 'you were inactive'), IDLE),
  'login-ended-longest': at(({ visitor, server }) => comesBack(visitor, server, 'time limit'), LONGEST),

  'login-ended-password': at(async ({ visitor, server }) => {
    const person = await isIn(visitor, server);
    const other = await server.signsInElsewhere(person.name, person.password, ELSEWHERE[0]!);
    const body = new URLSearchParams({ current_password: person.password, new_password: 'quietly humming teapots' });
    const headers = { cookie: other, origin: server.origin, accept: 'application/json' };
    const answer = await fetch(`${server.origin}/api/change_password`, { method: 'POST', headers, body });
    expect(answer.status).toBeLessThan(400);
    await isOut(visitor, 'your password was changed');
  }),

  'login-ended-owner': at(async ({ visitor, server }) => {
    const person = await isIn(visitor, server);
    const other = await server.signsInElsewhere(person.name, person.password, ELSEWHERE[0]!);
    const headers = { cookie: other, origin: server.origin, accept: 'application/json' };
    const answer = await fetch(`${server.origin}/api/end_other_sessions`, { method: 'POST', headers, body: new URLSearchParams() });
    expect(answer.status).toBeLessThan(400);
    await isOut(visitor, 'signed out from another device');
  }),

  'login-ended-too-many': at(async ({ visitor, server }) => {
    const person = await isIn(visitor, server);
    await server.signsInElsewhere(person.name, person.password, ELSEWHERE[0]!);
    await isOut(visitor, 'on too many devices');
  }, OLD_SESSION),

  'dashboard-two-new-devices': at(({ visitor, server }) => showsNewDevices(visitor, server, 2)),
  'dashboard-seven-new-devices': at(({ visitor, server }) => showsNewDevices(visitor, server, 7)),

  // From a new device itself: it cannot recognise the others.
  'dashboard-on-new-device': at(async ({ visitor, server }) => {
    const { name, password } = newPerson(server, { name: 'ada', displayName: 'Ada Lovelace', email: 'ada@example.org' });
    await server.signsInElsewhere(name, password, ELSEWHERE[1]!);
    await server.signsInElsewhere(name, password, ELSEWHERE[0]!);
    await visitor.open('/login');
    await visitor.sends(name, password);
    await expect(visitor.page).toHaveURL(/dashboard/);
    await visitor.waitForHydration();
  }),

  'time-out-warning': at(async ({ visitor, server }) => {
    await isIn(visitor, server);
    await visitor.open('/account/profile');
    if (visitor.way === 'hydrated') await visitor.page.getByRole('dialog').waitFor({ timeout: 75_000 });
  }, WARNED),

  'time-out-again': at(async ({ visitor, server }) => {
    await isIn(visitor, server);
    await visitor.open('/account/profile');
    if (visitor.way !== 'hydrated') return;
    await visitor.page.getByRole('dialog', { name: 'Sign in to continue' }).waitFor();
  }, IDLE),

  'time-out-again-refused': at(async ({ visitor, server }) => {
    await isIn(visitor, server);
    if (visitor.way !== 'hydrated') return;
    const again = visitor.page.getByRole('dialog', { name: 'Sign in to continue' });
    await again.waitFor();
    await again.getByLabel('Password', { exact: true }).fill('not the password');
    await again.getByRole('button', { name: 'Sign in' }).click();
    await expect(again.getByRole('alert')).toContainText('Wrong password');
  }, IDLE),

  // No answer while the page checks whether the session still lives.
  'page-covered': at(async ({ visitor, server, wire }) => {
    await isIn(visitor, server);
    if (visitor.way !== 'hydrated') return;
    wire.transform = () => new Promise(() => {});
    await visitor.hide();
    await visitor.show();
    await visitor.page.waitForTimeout(1_000);
  }),

  'password-mistyped': at(async ({ visitor, server }) => {
    await isIn(visitor, server);
    await visitor.open('/account/password');
    await changesPassword(visitor, 'not the password at all', 'quietly humming teapots');
    await expect(visitor.problem).toBeFocused();
  }),

  'profile-marks': at(async ({ visitor, server }) => {
    await visitor.signsIn(newPerson(server, { name: 'नीलिमा', displayName: 'ঞ্জনা Ôlḛkšándr̥ নীলাঞ্জনা ᜊᜌ᜔ᜊᜌᜒᜈ᜔', email: 'ada@example.org' }));
    await visitor.open('/account/profile');
  }),

  'confirm-wrong': at(async ({ visitor, server }) => {
    await isIn(visitor, server);
    await waitForExpiry(visitor);
    await visitor.open('/account/confirm?next=/account/profile');
    await visitor.password.fill('not the password at all');
    await visitor.page.getByRole('button', { name: 'Confirm' }).click();
    await expect(visitor.problem).toBeFocused();
  }),

  'password-link-used': at(async ({ visitor, server }) => {
    const [link] = server.run(['user', 'invite', 'hedy']).split('\n');
    const code = link!.split('#')[1]!;
    const use = () =>
      fetch(`${server.origin}/api/use_password_link`, {
        method: 'POST',
        headers: { origin: server.origin, accept: 'application/json' },
        body: new URLSearchParams({ secret: code, new_password: 'correct horse battery' }),
      });
    expect((await use()).status).toBeLessThan(400);
    await opensLink(visitor, link!);
    await expect(visitor.problem).toContainText('already used');
  }),

  'password-link-of-another': at(async ({ visitor, server }) => {
    const [link] = server.run(['user', 'invite', 'grace', '--display-name', 'Grace Hopper']).split('\n');
    await isIn(visitor, server);
    await opensLink(visitor, link!);
    await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('This link is for another account');
  }),

  'password-link-before-the-code': at(async ({ visitor, server }) => {
    await isIn(visitor, server);
    await visitor.open('/password-link');
  }),

  'password-link-without-cookies': at(async ({ visitor, server }) => {
    newPerson(server);
    await visitor.open('/password-link?cookie-check');
  }),

  // As some mail programs write it.
  'password-link-encoded': at(async ({ visitor, server }) => {
    newPerson(server);
    await visitor.open('/password-link%2301234-56789-ABCDE-FGHJK-MNPQR-STVWX');
  }),

  'setup-filled': at(async ({ visitor }) => {
    await visitor.open('/setup');
    await visitor.page.getByLabel('One-time code').fill('01234-56789-ABCDE-FGHJK');
    await visitor.page.getByLabel('Full name').fill('Ada Lovelace');
    await visitor.page.getByLabel('Username').fill('ada\u200b');
    await visitor.password.fill('correct horse battery');
    await visitor.page.getByRole('button', { name: 'Create account' }).click();
    await expect(visitor.problem).toBeFocused();
  }),

  // Bypasses the wire, which would refuse it first. The stylesheet is refused as well.
  'error-431': at(async ({ visitor, server }) => {
    await visitor.page.setExtraHTTPHeaders({ 'x-neighbour': 'a'.repeat(60_000) });
    await visitor.page.goto(`${server.origin}/login`);
  }),

  'error-413': at(async ({ visitor, server }) => {
    newPerson(server);
    await visitor.page.goto('/login');
    await visitor.page.getByLabel('Username or email').evaluate((field: HTMLInputElement) => {
      field.value = 'x'.repeat(70_000);
      field.form!.noValidate = true;
      HTMLFormElement.prototype.submit.call(field.form);
    });
    await expect(visitor.page.getByText('Error 413')).toBeVisible();
  }),

  'error-405': at(async ({ visitor }) => void (await visitor.page.goto('/api/login'))),

  // A page of administrators, for a member.
  'error-404-signed-in': at(async ({ visitor, server }) => {
    await isIn(visitor, server);
    await visitor.page.goto('/admin/users');
    await expect(visitor.personButton).toBeVisible();
  }),

  // Behind a filter that removes the origin of requests.
  'error-403-filtered': at(async ({ visitor, server, wire }) => {
    await isIn(visitor, server);
    wire.hides = ['origin', 'sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest'];
    await visitor.open('/account/profile');
    await visitor.page.getByRole('button', { name: 'Save' }).click();
    await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('Refused');
  }),

  'signed-out-filtered': at(async ({ visitor, server, wire }) => {
    await isIn(visitor, server);
    wire.hides = ['origin', 'sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest'];
    await visitor.open('/logout');
    await visitor.page.getByRole('main').getByRole('button', { name: 'Sign out' }).click();
    await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('You are signed out');
  }),
};

async function isIn(visitor: Visitor, server: Server): Promise<Person> {
  const person = newPerson(server, { name: 'ada', displayName: 'Ada Lovelace', email: 'ada@example.org' });
  await visitor.signsIn(person);
  return person;
}

/** To a page that was left while its session timed out. */
async function comesBack(visitor: Visitor, server: Server, words: string): Promise<void> {
  await isIn(visitor, server);
  const cookie = (await visitor.sessionCookie())!;
  await visitor.page.goto('about:blank');
  await visitor.page.waitForTimeout(5_000);
  await visitor.context.addCookies([{ ...cookie, name: SESSION_COOKIE, expires: -1 }]);
  await visitor.page.goto('/dashboard');
  await expect(visitor.notice).toContainText(words);
  await visitor.waitForHydration();
}

async function showsNewDevices(visitor: Visitor, server: Server, devices: number): Promise<void> {
  const { name, password } = await isIn(visitor, server);
  for (let device = 0; device < devices; device++) {
    await server.signsInElsewhere(name, password, ELSEWHERE[device % ELSEWHERE.length]!);
  }
  await visitor.open('/dashboard');
  await expect(visitor.page.getByRole('heading', { name: 'New sign-in. Was this you?' })).toBeVisible();
}
