/**
 * What people do most, in Firefox: its engine differs from that of all other tests in the back/forward cache, cookies,
 * streams, focus, the policy and WebAssembly. Alone: `tools/e2e tests/firefox.spec.ts`.
 */

import { expect, test as base } from '@playwright/test';
import type { Browser } from 'puppeteer-core';
import { newPerson } from '../fixtures';
import { FirefoxComplaints, FirefoxVisitor, startFirefox } from '../support/firefox';
import { Server, type Settings } from '../support/server';
import type { Person } from '../support/visitor';

/** What the pages say, as far as these tests need it. */
const WORDS = {
  signIn: 'Sign in',
  toSignIn: 'Sign in to Vestibule',
  username: 'Username or email',
  password: 'Password',
  refusal: 'Wrong username or password.',
  signOut: 'Sign out',
  signedOut: 'You are signed out',
  greeting: (name: string) => `Hello, ${name}`,
  setup: {
    toIt: 'Create the first account',
    heading: 'Create the first account',
    code: 'One-time code',
    username: 'Username',
    fullName: 'Full name (optional)',
    create: 'Create account',
  },
  sessions: {
    heading: 'Where you’re signed in',
    end: 'Sign out: Firefox on Linux',
    ended: 'was signed out',
    wasEnded: 'signed out from another device',
  },
  log: {
    heading: 'Audit log',
    follow: 'Live view',
    isFollowed: 'Live view: new entries',
    refused: (name: string) => `A sign-in as ${name} was refused: the password was wrong.`,
  },
  profile: { heading: 'Your profile', description: 'Description (optional)' },
  again: { heading: 'Sign in to continue', password: 'Password' },
};

type Fixtures = {
  /** Settings of the server, which each test has for itself. */
  settings: Settings;
  hasScript: boolean;
  complaints: FirefoxComplaints;
  server: Server;
  /** A person with a browser of their own. */
  arrive: () => Promise<FirefoxVisitor>;
};

// One after the other, in one worker.
base.describe.configure({ mode: 'default' });

const test = base.extend<Fixtures, { firefox: (hasScript: boolean) => Promise<Browser> }>({
  settings: [{}, { option: true }],
  hasScript: [true, { option: true }],

  // Each takes seconds to start, so it is shared.
  firefox: [
    async ({}, use) => {
      const started = new Map<boolean, Promise<Browser>>();
      await use((hasScript) => {
        const firefox = started.get(hasScript) ?? startFirefox({ 'javascript.enabled': hasScript });
        started.set(hasScript, firefox);
        return firefox;
      });
      for (const firefox of started.values()) await (await firefox).close();
    },
    { scope: 'worker' },
  ],

  server: async ({ settings }, use, testInfo) => {
    const server = await Server.start(settings);
    await use(server);
    await server.stop();
    if (testInfo.errors.length > 0) await testInfo.attach('server log', { body: server.log });
  },

  complaints: [
    async ({}, use) => {
      const complaints = new FirefoxComplaints();
      await use(complaints);
      expect(complaints.recorded, 'what Firefox complained about').toEqual([]);
    },
    { auto: true },
  ],

  arrive: async ({ firefox, server, complaints, hasScript }, use) => {
    const visitors: FirefoxVisitor[] = [];
    await use(async () => {
      const visitor = await FirefoxVisitor.arrive(await firefox(hasScript), server.origin, complaints, hasScript);
      visitors.push(visitor);
      return visitor;
    });
    for (const visitor of visitors) await visitor.leave();
  },
});

async function signsIn(visitor: FirefoxVisitor, person: Person): Promise<void> {
  await visitor.open('/login');
  await sends(visitor, person.name, person.password);
  await visitor.isAt(WORDS.greeting(person.displayName));
}

async function sends(visitor: FirefoxVisitor, name: string, password: string): Promise<void> {
  await visitor.fill(WORDS.username, name);
  await visitor.fill(WORDS.password, password);
  await visitor.press('button', WORDS.signIn);
}

/** Is refused with a wrong password, and then lets the right one follow on the same page. */
async function isRefusedAndThenWelcomed(visitor: FirefoxVisitor, person: Person): Promise<void> {
  await sends(visitor, person.name, 'not the password at all');
  await visitor.isShown(WORDS.refusal, '[role=alert]');
  // The script moves the focus there just after it is shown.
  await visitor.isShown(WORDS.refusal, ':focus');
  await visitor.fill(WORDS.password, person.password);
  await visitor.press('button', WORDS.signIn);
  await visitor.isAt(WORDS.greeting(person.displayName));
}

async function signsOut(visitor: FirefoxVisitor): Promise<void> {
  await visitor.opensPersonMenu();
  await visitor.press('button', WORDS.signOut);
  await visitor.isAt(WORDS.signedOut);
}

test('the first start leads to the dashboard', async ({ arrive, server }) => {
  const code = /one-time code (\S+)/.exec(server.log)![1]!;
  const visitor = await arrive();
  await visitor.open('/');
  expect(await visitor.runsScripts()).toBe(true);
  await visitor.press('link', WORDS.setup.toIt);
  await visitor.isAt(WORDS.setup.heading);
  await visitor.fill(WORDS.setup.code, code);
  await visitor.fill(WORDS.setup.username, 'ada');
  await visitor.fill(WORDS.setup.fullName, 'Ada Lovelace');
  await visitor.fill(WORDS.password, 'correct horse battery');
  await visitor.press('button', WORDS.setup.create);
  await visitor.isAt(WORDS.greeting('Ada Lovelace'));
  expect(server.liveSessions('ada')).toHaveLength(1);
});

test('a wrong password is refused, and the right one accepted', async ({ arrive, server }) => {
  const person = newPerson(server);
  const visitor = await arrive();
  await visitor.open('/login');
  await isRefusedAndThenWelcomed(visitor, person);
});

test('after signing out Back shows nothing private', async ({ arrive, server }) => {
  const person = newPerson(server);
  const visitor = await arrive();
  await signsIn(visitor, person);
  await visitor.open('/logout');
  await visitor.press('button', WORDS.signOut);
  await visitor.isAt(WORDS.signedOut);
  expect(server.liveSessions(person.name)).toEqual([]);
  const seen = await visitor.readWhile(async () => {
    for (let page = 0; page < 2; page++) {
      await visitor.back();
      await visitor.isAt(WORDS.toSignIn);
    }
  });
  // The page that says so names the person.
  expect(seen.filter((text) => !text.includes(WORDS.signedOut)).join('\n')).not.toContain(person.displayName);
});

test('a session that is ended elsewhere takes its open page along', async ({ arrive, server }) => {
  const person = newPerson(server);
  const [here, elsewhere] = [await arrive(), await arrive()];
  await signsIn(here, person);
  await signsIn(elsewhere, person);
  await here.open('/account/sessions');
  await here.isAt(WORDS.sessions.heading);
  await here.press('button', WORDS.sessions.end);
  await here.isShown(WORDS.sessions.ended);
  await elsewhere.isAt(WORDS.toSignIn);
  await elsewhere.isShown(WORDS.sessions.wasEnded);
  expect(await elsewhere.read()).not.toContain(person.displayName);
});

test('an administrator follows the audit log', async ({ arrive, server }) => {
  const ada = newPerson(server);
  const visitor = await arrive();
  await signsIn(visitor, newPerson(server, { displayName: 'Grace Hopper' }, ['--admin']));
  await visitor.open('/admin/activity');
  await visitor.press('link', WORDS.log.follow);
  await visitor.isShown(WORDS.log.isFollowed);
  await visitor.waitForHydration();
  await server.guesses(ada.name);
  await visitor.isShown(WORDS.log.refused(ada.name));
});

test.describe('after the idle end', () => {
  test.use({ settings: { VESTIBULE_SESSION__IDLE_TIMEOUT: '4s' } });

  test('the same person continues, and the input is kept', async ({ arrive, server }) => {
    const person = newPerson(server);
    const visitor = await arrive();
    await signsIn(visitor, person);
    await visitor.open('/account/profile');
    await visitor.fill(WORDS.profile.description, 'half of a sentence');
    await visitor.isShown(WORDS.again.heading, 'dialog[open]');
    await visitor.fill(WORDS.again.password, person.password);
    await visitor.press('button', WORDS.signIn);
    await expect.poll(() => visitor.read('dialog[open]')).toBe('');
    expect(await visitor.valueOf(WORDS.profile.description)).toBe('half of a sentence');
  });
});

test.describe('without JavaScript', () => {
  test.use({ hasScript: false });

  test('a person signs in, is refused, and signs out', async ({ arrive, server }) => {
    const person = newPerson(server);
    const visitor = await arrive();
    await visitor.open('/login');
    expect(await visitor.runsScripts()).toBe(false);
    await isRefusedAndThenWelcomed(visitor, person);
    await signsOut(visitor);
    await visitor.open('/dashboard');
    await visitor.isAt(WORDS.toSignIn);
    expect(server.liveSessions(person.name)).toEqual([]);
  });
});
