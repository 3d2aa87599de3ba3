import { expect, overTheWire, test, type Visitor } from '../fixtures';
import type { Exchange, Wire } from '../support/wire';

test.describe('the pages', () => {
  test.use(overTheWire);

  test('a page hydrates under its policy, with a fresh nonce each time', async ({ visitor, person, wire }) => {
    await visitor.signsIn(person);
    await visitor.open('/logout');
    await visitor.signsOut();
    // Every test checks that nothing was refused; this one checks that there was a policy.
    const pages = wire.exchanges.filter(({ headers, status }) => status === 200 && headers['content-type']?.startsWith('text/html'));
    expect(pages.length).toBeGreaterThanOrEqual(4);
    const policies = pages.map(({ headers }) => String(headers['content-security-policy']));
    for (const policy of policies) {
      expect(policy).toMatch(/^default-src 'none'; script-src 'nonce-[\w-]{22,}' 'strict-dynamic' 'wasm-unsafe-eval';/);
      expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval'|https?:|\*/);
    }
    expect(new Set(policies).size).toBe(pages.length);
  });

  for (const [what, markup] of Object.entries({
    'a script': '<script>window.intruder = true</script>',
    'a script with a guessed nonce': '<script nonce="AAAAAAAAAAAAAAAAAAAAAA">window.intruder = true</script>',
    'a script from elsewhere': '<script src="data:text/javascript,window.intruder=true"></script>',
    'a handler': '<img src="data:," onerror="window.intruder = true">',
  })) {
    test(`${what} that got into a page does not run`, async ({ visitor, wire, complaints }) => {
      const refused = visitor.page.waitForEvent('console', (message) => message.text().startsWith('policy: script-src'));
      complaints.expect(/policy: script-src/, /violates the following Content Security Policy directive/);
      wire.transform = (exchange) => {
        exchange.body = Buffer.from(exchange.body.toString('latin1').replace('</body>', `${markup}</body>`), 'latin1');
        delete exchange.headers['content-length'];
      };
      await visitor.page.goto('/login');
      await refused;
      expect(await visitor.page.evaluate(() => 'intruder' in window)).toBe(false);
    });
  }

  test('text cannot be run as a script', async ({ visitor, complaints }) => {
    complaints.expect(/policy: script-src/, /violates the following Content Security Policy directive/);
    await visitor.open('/login');
    await visitor.page.evaluate(() => {
      document.body.setAttribute('onclick', 'window.intruder = true');
      const link = document.createElement('a');
      link.href = 'javascript:window.intruder=true';
      document.body.append(link);
      link.click();
    });
    expect(await visitor.page.evaluate(() => 'intruder' in window)).toBe(false);
  });
});

test.describe('another site', () => {
  test.use(overTheWire);

  test.beforeEach(({ complaints, attacker }) => {
    complaints.expect(
      new RegExp(`elsewhere: ${attacker.sibling}|elsewhere: ${attacker.foreigner}`),
      /status of 403/,
      /frame-ancestors|X-Frame-Options|Refused to display|chrome-error/,
      /NotSameOrigin/,
      /uncaught: TypeError: Failed to fetch/,
    );
  });

  test('cannot put a page into a frame', async ({ visitor, person, wire, attacker }) => {
    await visitor.signsIn(person);
    for (const page of ['/login', '/dashboard', '/logout', '/signed-out', '/no/such/page']) {
      const path = attacker.serve(`<iframe src="${wire.origin}${page}"></iframe>`);
      for (const from of [attacker.sibling, attacker.foreigner]) {
        await visitor.page.goto(from + path);
        const [, frame] = visitor.page.frames();
        await expect.poll(() => frame!.url(), page).toBe('chrome-error://chromewebdata/');
        expect(await frame!.content()).not.toContain('site-footer');
      }
    }
  });

  const field = (name: string, value: string) => `<input name="${name}" value="${value}">`;
  const form = (action: string, fields = '') => `<form method=post action="${action}" target=_top>${fields}</form>`;
  const SUBMIT = '<script>document.forms[0].submit()</script>';
  /** The ways in which a page can make a browser send a form. */
  const TRICKS: Record<string, (markup: string, action: string) => string> = {
    'a form': (markup) => markup + SUBMIT,
    'a form without an origin': (markup) =>
      `<iframe sandbox="allow-forms allow-scripts allow-top-navigation" srcdoc='${markup}${SUBMIT}'></iframe>`,
    'a form that claims no referrer': (markup) => `<meta name=referrer content=no-referrer>${markup}${SUBMIT}`,
    'a request of its script': (_, action) =>
      `<script>fetch('${action}', { method: 'POST', mode: 'no-cors', credentials: 'include', body: new URLSearchParams(FIELDS) })</script>`,
  };
  /** Opens a page of the attacker, and returns the request that it made the browser send. */
  async function follow({ page }: Visitor, wire: Wire, url: string): Promise<Exchange> {
    const before = wire.exchanges.length;
    // The page may send its form before the browser has reported the page itself.
    await page.goto(url, { waitUntil: 'commit' }).catch((error: Error) => {
      if (!error.message.includes('is interrupted by another navigation')) throw error;
    });
    const sent = () => wire.exchanges.slice(before).find(({ url }) => url.startsWith('/api/'));
    await expect.poll(sent).toBeDefined();
    // Later requests must not be confused with the page of the answer.
    await page.waitForLoadState();
    return sent()!;
  }

  for (const [trick, wrap] of Object.entries(TRICKS)) {
    test(`cannot sign anybody in by ${trick}`, async ({ visitor, person, server, attacker, wire }) => {
      const action = `${wire.origin}/api/login`;
      const credentials = { username: person.name, password: person.password };
      const fields = Object.entries(credentials).map(([name, value]) => field(name, value)).join('');
      const html = wrap(form(action, fields), action).replace('FIELDS', JSON.stringify(credentials));
      for (const from of [attacker.sibling, attacker.foreigner]) {
        const { status, requestHeaders } = await follow(visitor, wire, from + attacker.serve(html));
        expect(status, from).toBe(403);
        expect(requestHeaders.origin).toBe(/without|no referrer/.test(trick) ? 'null' : from);
        expect(await visitor.sessionCookie()).toBeUndefined();
      }
      expect(server.sessions(person.name)).toEqual([]);
    });

    test(`cannot sign anybody out by ${trick}`, async ({ visitor, person, server, attacker, wire }) => {
      await visitor.signsIn(person);
      const cookie = await visitor.sessionCookie();
      const action = `${wire.origin}/api/logout`;
      const html = wrap(form(action), action).replace('FIELDS', '{}');
      for (const from of [attacker.sibling, attacker.foreigner]) {
        const { status } = await follow(visitor, wire, from + attacker.serve(html));
        expect(status, from).toBe(403);
        expect(await visitor.sessionCookie()).toEqual(cookie);
      }
      expect(server.liveSessions(person.name)).toHaveLength(1);
    });
  }

  test('cannot sign anybody out by a picture or a link', async ({ visitor, person, server, attacker, wire }) => {
    await visitor.signsIn(person);
    const path = attacker.serve(
      `<img src="${wire.origin}/logout"><img src="${wire.origin}/api/logout"><a href="${wire.origin}/logout">A prize</a>`,
    );
    await visitor.page.goto(attacker.sibling + path);
    await visitor.page.getByRole('link', { name: 'A prize' }).click();
    await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('Sign out?');
    expect(server.liveSessions(person.name)).toHaveLength(1);
  });

  test('may link to a page, and the person is still signed in there', async ({ visitor, person, wire, attacker }) => {
    await visitor.signsIn(person);
    const path = attacker.serve(`<a href="${wire.origin}/dashboard">My dashboard</a>`);
    await visitor.page.goto(attacker.foreigner + path);
    await visitor.page.getByRole('link').click();
    await visitor.isWelcomed(person);
  });
});
