/** The fixtures of every test: a server, a person with an account, and a visitor with a browser. */

import { test as base, type BrowserContext } from '@playwright/test';
import { Complaints } from './support/complaints';
import { Server, type Settings } from './support/server';
import { Attacker } from './support/attacker';
import { observeHydration, Visitor, WAYS, type Person, type Way } from './support/visitor';
import { Wire } from './support/wire';

export { expect } from '@playwright/test';
export { SESSION_COOKIE, Visitor, WAYS, type Person, type Way } from './support/visitor';

type Options = {
  way: Way;
  /** A server with these settings, for one test only. */
  settings: Settings | undefined;
};

type Fixtures = {
  server: Server;
  person: Person;
  complaints: Complaints;
  visitor: Visitor;
  /** A person with another browser. */
  another: () => Promise<Visitor>;
  /** The connection to the server, for tests that record or change its traffic. */
  wire: Wire;
  attacker: Attacker;
};

/** Messages of the browser when a test removes a part of it. */
const EXPECTED_WITHOUT_PARTS: Record<Way, RegExp[]> = {
  hydrated: [],
  'without JavaScript': [/was preloaded using link preload but not used/],
  'without WebAssembly': [/net::ERR_FAILED/, /uncaught: TypeError: Failed to fetch/],
};

export const test = base.extend<Options & Fixtures, { sharedServer: Server }>({
  way: ['hydrated', { option: true }],
  settings: [undefined, { option: true }],

  sharedServer: [
    async ({}, use) => {
      const server = await Server.start();
      await use(server);
      await server.stop();
    },
    { scope: 'worker' },
  ],

  server: async ({ settings, sharedServer }, use, testInfo) => {
    const server = settings ? await Server.start(settings) : sharedServer;
    const before = server.log.length;
    await use(server);
    if (settings) await server.stop();
    if (testInfo.errors.length > 0) await testInfo.attach('server log', { body: server.log.slice(before) });
  },

  baseURL: async ({ server }, use) => use(server.origin),
  javaScriptEnabled: async ({ way }, use) => use(way !== 'without JavaScript'),

  person: async ({ server }, use) => use(newPerson(server)),

  complaints: [
    async ({ baseURL, way }, use) => {
      const complaints = new Complaints(baseURL!);
      complaints.expect(...EXPECTED_WITHOUT_PARTS[way]);
      await use(complaints);
      base.expect(complaints.unannounced(), 'what the browser complained about').toEqual([]);
    },
    { auto: true },
  ],

  context: async ({ context, complaints, way }, use) => {
    await prepare(context, complaints, way);
    await use(context);
  },

  visitor: async ({ page, way }, use) => use(new Visitor(page, way)),

  another: async ({ browser, contextOptions, baseURL, javaScriptEnabled, complaints, way }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async () => {
      const context = await browser.newContext({ ...contextOptions, baseURL, javaScriptEnabled });
      contexts.push(context);
      await prepare(context, complaints, way);
      return new Visitor(await context.newPage(), way);
    });
    for (const context of contexts) await context.close();
  },

  wire: async ({ server }, use) => {
    const wire = await Wire.to(server.origin);
    await use(wire);
    wire.close();
  },

  attacker: async ({}, use) => {
    const attacker = await Attacker.arrive();
    await use(attacker);
    attacker.close();
  },
});

/** For tests whose pages are loaded over the wire: `test.use(overTheWire)`. */
export const overTheWire = {
  baseURL: async ({ wire }: { wire: Wire }, use: (origin: string) => Promise<void>) => use(wire.origin),
};

/** Runs the tests with everything, without scripts, and with a WebAssembly file that fails to load. */
export function inEveryWay(promises: () => void): void {
  for (const way of WAYS) {
    test.describe(way, () => {
      test.use({ way });
      promises();
    });
  }
}

async function prepare(context: BrowserContext, complaints: Complaints, way: Way): Promise<void> {
  await complaints.watch(context);
  await observeHydration(context);
  if (way === 'without WebAssembly') await context.route('**/*.wasm', (route) => route.abort());
}

let people = 0;

/** An account of one test; `options` are those of `vestibule user create`. */
export function newPerson(server: Server, traits: Partial<Person> = {}, options: string[] = []): Person {
  const name = `ada${process.pid}-${++people}`;
  const person = {
    name,
    displayName: `Ada Lovelace the ${people}th`,
    email: `${name}@example.org`,
    password: `correct horse battery ${people}`,
    ...traits,
  };
  const { displayName, email } = person;
  server.run(
    ['user', 'create', person.name, '--display-name', displayName, '--email', email, '--password-stdin', ...options],
    `${person.password}\n`,
  );
  return person;
}
