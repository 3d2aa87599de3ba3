import { expect, overTheWire, test, type Visitor } from '../fixtures';
import { PRIVATE } from '../support/pages';

test.use(overTheWire);

/** Records every text that the window shows from now on, from the first paint on. */
async function recordText({ page }: Visitor): Promise<() => Set<string>> {
  const shown = new Set<string>();
  await page.exposeFunction('shown', (text: string) => shown.add(text));
  await page.addInitScript(() => {
    const { shown } = window as unknown as { shown: (text: string) => void };
    const record = () => void (document.body && shown(`${document.title}\n${document.body.innerText}`));
    new MutationObserver(record).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
    const everyFrame = () => (record(), requestAnimationFrame(everyFrame));
    everyFrame();
  });
  return () => shown;
}

const all = (shown: Set<string>) => [...shown].join('\n');

test('a signed-out visitor never sees anything of a private page', async ({ visitor, person, wire }) => {
  const shown = await recordText(visitor);
  for (const path of [...PRIVATE, '/dashboard/', '/dashboard?a=1', '/']) {
    await visitor.open(path);
    await visitor.isAskedToSignIn();
  }
  expect(all(shown())).toContain('Sign in');
  expect(all(shown())).not.toMatch(/Hello|Your account|Sign out/);
  for (const { url, status, body } of wire.exchanges.filter(({ url }) => PRIVATE.some((path) => url.startsWith(path)))) {
    expect(status, url).toBeGreaterThanOrEqual(303);
    expect(body.length, url).toBe(0);
  }
  const [name, display] = [Buffer.from(person.name), Buffer.from(person.displayName)];
  expect(wire.exchanges.filter(({ body }) => body.includes(name) || body.includes(display))).toEqual([]);
});

test('a signed-in person never sees the sign-in page', async ({ visitor, person }) => {
  await visitor.signsIn(person);
  const shown = await recordText(visitor);
  for (const path of ['/dashboard', '/', '/login', '/login?next=/dashboard']) {
    await visitor.open(path);
    await visitor.isWelcomed(person);
  }
  expect(all(shown())).toContain(person.displayName);
  expect(all(shown())).not.toMatch(/Username or email|Stay signed in for/);
});

test('after signing out nothing private is visible', async ({ visitor, person }) => {
  await visitor.signsIn(person);
  await visitor.signsOut();
  const shown = await recordText(visitor);
  await visitor.page.reload();
  await visitor.open('/dashboard');
  await visitor.isAskedToSignIn();
  await visitor.open('/logout');
  expect(all(shown())).toContain('You are not signed in');
  expect(all(shown())).not.toContain(person.displayName);
});

test('a refused or pending sign-in shows nothing private', async ({ visitor, person, complaints }) => {
  complaints.expect(/status of 401/);
  const shown = await recordText(visitor);
  await visitor.open('/login');
  await visitor.sends(person.name, 'not the password at all');
  await expect(visitor.problem).toBeVisible();
  expect(all(shown())).toContain('There is a problem');
  expect(all(shown())).not.toContain(person.displayName);
});

test('the first paint is the page itself, whole', async ({ visitor, person }) => {
  await visitor.signsIn(person);
  // Neither script nor WebAssembly is loaded: the paint is the server's output.
  await visitor.page.route(/\.(js|wasm)$/, () => {});
  await visitor.page.goto('/dashboard', { waitUntil: 'commit' });
  await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText(`Hello, ${person.displayName}`);
  // The heading may be there before the stylesheet, on which the line breaks of `innerText` depend.
  await visitor.page.waitForFunction(() => document.styleSheets.length > 0);
  const before = await visitor.page.getByRole('main').innerText();
  await visitor.page.unrouteAll();
  await visitor.open('/dashboard');
  const withoutTimes = (text: string) => text.replace(/(\d+ \w+|\w+ \d+,) \d{4}.*/g, '');
  expect(withoutTimes(await visitor.page.getByRole('main').innerText())).toBe(withoutTimes(before));
});
