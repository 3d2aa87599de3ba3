import { expect, inEveryWay, overTheWire, SESSION_COOKIE, test } from '../fixtures';
import { haystacks, sourcesWith } from '../support/haystack';
import { PRIVATE } from '../support/pages';
import { SITE } from '../support/site';

test.use({ ...overTheWire, settings: { RUST_LOG: 'trace,hyper=debug' } });

/** A token in all encodings in which it might be kept. */
function shapes(token: string) {
  const bytes = Buffer.from(token, 'base64url');
  return [token, bytes, bytes.toString('hex'), bytes.toString('base64')];
}

test('no script sees the token, on any page', async ({ visitor, person, wire }) => {
  // The sign-in page stays when the answer with the cookie has arrived.
  wire.transform = ({ headers }) => void delete headers['serverfnredirect'];
  await visitor.open('/login?next=/dashboard?known');
  await visitor.types(person.name, person.password);
  const answer = visitor.page.waitForResponse('**/api/login');
  await visitor.signInButton.click();
  await (await answer).finished();
  const token = (await visitor.sessionCookie())!.value;
  expect(Buffer.from(token, 'base64url')).toHaveLength(32);
  const needles = shapes(token);

  const atLogin = await haystacks(visitor.page);
  expect(sourcesWith(atLogin, ...needles)).toEqual([]);
  expect(sourcesWith(atLogin, person.name), 'the search finds what is there').toContain('fields');
  expect(sourcesWith(atLogin, '/dashboard?known'), 'the search finds what is there').toEqual(
    expect.arrayContaining(['document', 'WebAssembly', 'JavaScript heap']),
  );

  wire.transform = () => {};
  for (const path of PRIVATE) {
    await visitor.open(path);
    const there = await haystacks(visitor.page);
    expect(sourcesWith(there, ...needles), path).toEqual([]);
    expect(sourcesWith(there, SITE), `the search finds what is there, on ${path}`).toEqual(
      expect.arrayContaining(['document', 'WebAssembly', 'JavaScript heap']),
    );
  }

  await visitor.open('/logout');
  expect(sourcesWith(await haystacks(visitor.page), ...needles)).toEqual([]);
  await visitor.signsOut();
  expect(sourcesWith(await haystacks(visitor.page), ...needles)).toEqual([]);
});

test('the search would find it', async ({ visitor, person }) => {
  await visitor.signsIn(person);
  const planted = 'planted-where-scripts-can-read';
  await visitor.page.evaluate(async (planted) => {
    document.cookie = `a=${planted}`;
    document.body.dataset.planted = planted;
    document.querySelector('input')?.setAttribute('value', planted);
    localStorage.setItem('a', planted);
    sessionStorage.setItem('a', planted);
    history.replaceState({ planted }, '');
    window.name = planted;
    (window as unknown as { kept: string }).kept = planted;
    await (await caches.open('a')).put('/a', new Response(planted));
    const opening = indexedDB.open('a');
    opening.onupgradeneeded = () => opening.result.createObjectStore('a').put(planted, 'a');
    await new Promise((resolve) => (opening.onsuccess = resolve));
    opening.result.close();
    const memory = new Uint8Array(window.wasmMemory!.buffer);
    memory.set(new TextEncoder().encode(planted), memory.length - 100);
  }, planted);
  const everywhere = await haystacks(visitor.page);
  expect(sourcesWith(everywhere, planted)).toEqual([...everywhere.keys()]);
});

test('scripts can neither read, nor set, nor delete the cookie', async ({ visitor, person }) => {
  await visitor.signsIn(person);
  const cookie = await visitor.sessionCookie();
  expect(cookie).toMatchObject({ httpOnly: true, secure: true, sameSite: 'Lax', path: '/', domain: 'localhost' });
  await visitor.page.evaluate(async (name) => {
    document.cookie = `${name}=forged; Secure; Path=/`;
    document.cookie = `${name}=; Secure; Path=/; Max-Age=0`;
    document.cookie = `${name}=forged; Secure; Path=/dashboard`;
    document.cookie = `=${name}=forged; Secure; Path=/`;
    type CookieStore = { set(name: string, value: string): Promise<void>; delete(name: string): Promise<void> };
    const { cookieStore } = window as unknown as { cookieStore: CookieStore };
    await cookieStore.set(name, 'forged').catch(() => {});
    await cookieStore.delete(name).catch(() => {});
  }, SESSION_COOKIE);
  expect((await visitor.context.cookies()).filter(({ name }) => name === SESSION_COOKIE)).toEqual([cookie]);
  await visitor.page.reload();
  await visitor.isWelcomed(person);
});

inEveryWay(() => {
  test('the token travels in cookie headers only, and the password in one form', async ({ visitor, person, wire, server }) => {
    await visitor.signsIn(person, '/login?next=/dashboard?a=1');
    const needles = shapes((await visitor.sessionCookie())!.value);
    await visitor.open('/logout');
    await visitor.signsOut();

    const token = (text: string | Buffer) => needles.some((needle) => Buffer.from(text).includes(needle));
    const carriers = new Set<string>();
    for (const { method, url, requestHeaders, requestBody, headers, body } of wire.exchanges) {
      expect(token(url) || url.includes(person.password), url).toBe(false);
      expect(token(body), `the body of ${url}`).toBe(false);
      expect(token(requestBody), `the form of ${url}`).toBe(false);
      const form = new URLSearchParams(requestBody);
      if ([...form.values()].includes(person.password)) carriers.add(`password by ${method} ${url}`);
      expect(body.includes(person.password), `the body of ${url}`).toBe(false);
      for (const [name, value] of Object.entries(headers)) if (token(String(value))) carriers.add(`token by ${name} of ${url}`);
      for (const [name, value] of Object.entries(requestHeaders)) if (token(String(value))) carriers.add(`token by ${name}`);
    }
    expect([...carriers].sort()).toEqual([
      'password by POST /api/login',
      'token by cookie',
      'token by set-cookie of /api/login',
    ]);

    // Neither is in the log, at any log level.
    expect(server.log).toContain('/api/login');
    expect(token(server.log)).toBe(false);
    expect(server.log).not.toContain(person.password);
    expect(server.log).not.toContain(encodeURIComponent(person.password));
  });
});
