import { expect, inEveryWay, newPerson, overTheWire, test, type Visitor } from '../fixtures';
import { gate } from '../support/gate';
import { titled } from '../support/site';

const REFUSAL = 'Wrong username or password.';
const REFUSED = /status of 401/;

/** The WebAssembly waits until the gate opens. */
async function holdWebAssembly(visitor: Visitor): Promise<() => void> {
  const { opened, open } = gate();
  await visitor.page.route('**/*.wasm', async (route) => {
    await opened;
    await route.continue();
  });
  return open;
}

/** Sign-ins wait until the gate opens; returns the number of sent ones. */
async function holdSignIn(visitor: Visitor) {
  const { opened, open: letThrough } = gate();
  const posts: string[] = [];
  await visitor.page.route('**/api/login', async (route) => {
    posts.push(route.request().postData() ?? '');
    await opened;
    await route.continue();
  });
  return { letThrough, posts };
}

inEveryWay(() => {
  test('the right name and password lead to the dashboard', async ({ visitor, person, server }) => {
    await visitor.open('/');
    await visitor.isAskedToSignIn();
    await expect(visitor.page).toHaveTitle(titled('Sign in'));
    await visitor.sends(person.name, person.password);
    await visitor.isWelcomed(person);
    await expect(visitor.page).toHaveTitle(titled('Overview'));
    expect(server.liveSessions(person.name)).toHaveLength(1);
  });

  test('the email address serves as the name, in any case and with a stray space', async ({ visitor, person }) => {
    await visitor.open('/login');
    await visitor.sends(` ${person.email.toUpperCase()} `, person.password);
    await visitor.isWelcomed(person);
  });

  test('Enter in either field signs in', async ({ visitor, person }) => {
    await visitor.open('/login');
    await visitor.types(person.name, person.password);
    await visitor.name.press('Enter');
    await visitor.isWelcomed(person);
    await visitor.signsOut();
    await visitor.open('/login');
    await visitor.types(person.name, person.password);
    await visitor.password.press('Enter');
    await visitor.isWelcomed(person);
  });

  test('a refusal keeps the name, clears the password, and is announced', async ({ visitor, person, complaints }) => {
    complaints.expect(REFUSED);
    const { page } = visitor;
    await visitor.open('/login?next=/dashboard?from=here');
    await visitor.sends(person.name, 'not the password at all');
    await expect(visitor.problem).toContainText(REFUSAL);
    await expect(visitor.problem.getByRole('heading')).toHaveText('There is a problem');
    await expect(visitor.problem).toBeFocused();
    await expect(page).toHaveTitle(titled('Error: Sign in'));
    await expect(visitor.name).toHaveValue(person.name);
    await expect(visitor.password).toHaveValue('');
    for (const field of [visitor.name, visitor.password]) {
      await expect(field).toHaveAttribute('aria-invalid', 'true');
      await expect(field).toHaveAccessibleDescription(REFUSAL);
    }
    await page.getByRole('link', { name: REFUSAL }).click();
    await expect(visitor.name).toBeFocused();
    // And the next page is kept.
    await visitor.sends(person.name, person.password);
    await expect(page).toHaveURL('/dashboard?from=here');
  });

  test('a wrong name and a wrong password get the same page', async ({ visitor, person, complaints }) => {
    complaints.expect(REFUSED);
    const refusals: string[] = [];
    for (const [name, password] of [[person.name, 'wrong password, sorry'], ['nobody', person.password]] as const) {
      await visitor.open('/login');
      await visitor.sends(name, password);
      await expect(visitor.problem).toContainText(REFUSAL);
      refusals.push(await visitor.page.getByRole('main').innerText());
    }
    expect(refusals[0]).toBe(refusals[1]);
  });

  test('a refusal is not shown a second time', async ({ visitor, complaints }) => {
    complaints.expect(REFUSED);
    await visitor.open('/login');
    await visitor.sends('nobody', 'wrong password, sorry');
    await expect(visitor.problem).toBeVisible();
    await visitor.open('/login');
    await expect(visitor.problem).toHaveCount(0);
    await expect(visitor.page).toHaveTitle(titled('Sign in'));
  });

  test('next leads to the requested page', async ({ visitor, person }) => {
    await visitor.open('/dashboard?a=1&b=%20x+y');
    await visitor.isAskedToSignIn();
    await visitor.sends(person.name, person.password);
    await visitor.isWelcomed(person);
    await expect(visitor.page).toHaveURL('/dashboard?a=1&b=%20x+y');
  });

  test('a next that leads elsewhere leads to the dashboard', async ({ visitor, person, complaints }) => {
    // The page may only begin to follow its session when its cookie is gone.
    complaints.expect(/status of 401/);
    for (const next of [
      '//evil.example',
      '/\\evil.example',
      '/%09/evil.example',
      'https://evil.example',
      'javascript:alert(1)',
      '/%0d%0aSet-Cookie:%20a=b',
      '/login',
    ]) {
      await visitor.signsIn(person, `/login?next=${next}`);
      await expect(visitor.page, next).toHaveURL('/dashboard');
      await visitor.context.clearCookies();
    }
  });

  test('a next that was forged inside the form leads to the dashboard', async ({ visitor, person }) => {
    await visitor.open('/login');
    await visitor.page.locator('input[name=next]').evaluate((input: HTMLInputElement) => {
      input.value = '//evil.example/';
    });
    await visitor.sends(person.name, person.password);
    await visitor.isWelcomed(person);
    await expect(visitor.page).toHaveURL('/dashboard');
  });

  test('a signed-in person is redirected from the sign-in page', async ({ visitor, person }) => {
    await visitor.signsIn(person);
    await visitor.open('/login');
    await visitor.isWelcomed(person);
    await visitor.open('/login?next=/dashboard?a=1');
    await expect(visitor.page).toHaveURL('/dashboard?a=1');
    await visitor.open('/');
    await expect(visitor.page).toHaveURL('/dashboard');
  });

  test('the browser keeps the session when asked to, else forgets it when closed', async ({ visitor, person }) => {
    await visitor.signsIn(person);
    expect((await visitor.sessionCookie())?.expires).toBe(-1);
    await expect(visitor.page.getByText('Stays signed in')).toHaveCount(0);
    await visitor.signsOut();

    await visitor.open('/login');
    await visitor.page.getByLabel('Stay signed in for 14 days').check();
    await visitor.sends(person.name, person.password);
    await visitor.isWelcomed(person);
    const days = ((await visitor.sessionCookie())!.expires - Date.now() / 1000) / 86_400;
    expect(days).toBeGreaterThan(89.9);
    expect(days).toBeLessThan(90.1);
    await expect(visitor.page.getByText('Stays signed in')).toBeVisible();
  });

  test('both fields accept pasted and dropped text', async ({ visitor, server }) => {
    // Without an account the page has no form.
    newPerson(server);
    await visitor.open('/login');
    for (const field of [visitor.name, visitor.password]) {
      const taken = await field.evaluate((input) =>
        ['paste', 'copy', 'cut', 'drop', 'dragover', 'contextmenu'].every((kind) =>
          input.dispatchEvent(new Event(kind, { bubbles: true, cancelable: true })),
        ),
      );
      expect(taken).toBe(true);
    }
  });

  test.describe('where cookies are blocked', () => {
    test.use(overTheWire);

    test('the page gives the reason, without a loop', async ({ visitor, person, wire }) => {
      wire.transform = ({ headers }) => void delete headers['set-cookie'];
      await visitor.open('/login?next=/dashboard?a=1');
      for (const _ of ['once', 'twice']) {
        await visitor.sends(person.name, person.password);
        await expect(visitor.password).toHaveValue('');
        await expect(visitor.notice).toContainText('did not keep the sign-in cookie');
        await visitor.waitForHydration();
      }
      // Allowed now: the next page is kept.
      wire.transform = () => {};
      await visitor.sends(person.name, person.password);
      await expect(visitor.page).toHaveURL('/dashboard?a=1');
    });
  });
});

test.describe('before the first account exists', () => {
  test.use({ settings: {} });
  inEveryWay(() => {
    test('the page explains how to create it', async ({ visitor, server }) => {
      await visitor.open('/login');
      await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('There are no accounts yet');
      await expect(visitor.page.getByText('vestibule user create USERNAME --admin')).toBeVisible();
      await expect(visitor.page.getByRole('link', { name: 'Create the first account' })).toHaveAttribute('href', '/setup');
      await expect(visitor.name).toHaveCount(0);
      server.run(['user', 'create', 'first', '--admin', '--password-stdin'], 'correct horse battery\n');
      await visitor.page.getByRole('link', { name: 'load this page again' }).click();
      await visitor.sends('first', 'correct horse battery');
      await expect(visitor.page).toHaveURL('/dashboard');
    });
  });
});

test.describe('while the script is loading', () => {
  test('the input stays', async ({ visitor, person }) => {
    const release = await holdWebAssembly(visitor);
    await visitor.page.goto('/login', { waitUntil: 'commit' });
    await visitor.name.pressSequentially(person.name);
    await visitor.page.getByLabel('Stay signed in for 14 days').check();
    await visitor.password.pressSequentially(person.password);
    await visitor.password.evaluate((input: HTMLInputElement) => input.setSelectionRange(3, 5));
    release();
    await visitor.waitForHydration();
    await expect(visitor.page.getByRole('button', { name: 'Show password' })).toBeVisible();
    await expect(visitor.name).toHaveValue(person.name);
    await expect(visitor.password).toHaveValue(person.password);
    await expect(visitor.password).toBeFocused();
    expect(await visitor.password.evaluate((input: HTMLInputElement) => input.selectionStart)).toBe(3);
    await expect(visitor.page.getByLabel('Stay signed in for 14 days')).toBeChecked();
    await visitor.signInButton.click();
    await visitor.isWelcomed(person);
    await expect(visitor.page.getByText('Stays signed in')).toBeVisible();
  });

  test('the form works already', async ({ visitor, person }) => {
    await holdWebAssembly(visitor);
    await visitor.page.goto('/login', { waitUntil: 'commit' });
    await visitor.sends(person.name, person.password);
    await expect(visitor.page).toHaveURL('/dashboard');
  });

  test('a refusal stays when the script arrives', async ({ visitor, person }) => {
    const release = await holdWebAssembly(visitor);
    await visitor.page.goto('/login', { waitUntil: 'commit' });
    await visitor.sends(person.name, 'not the password at all');
    await expect(visitor.problem).toBeFocused();
    release();
    await visitor.waitForHydration();
    await expect(visitor.problem).toContainText(REFUSAL);
    await expect(visitor.problem).toBeFocused();
    await expect(visitor.page).toHaveTitle(titled('Error: Sign in'));
    await expect(visitor.name).toHaveValue(person.name);
    await visitor.password.fill(person.password);
    await visitor.signInButton.click();
    await visitor.isWelcomed(person);
  });

  // No time in seconds: on a busy machine it would measure the machine.
  test('the form is painted before the script has come over a slow line', async ({ visitor }) => {
    const line = await visitor.context.newCDPSession(visitor.page);
    await line.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 150,
      downloadThroughput: 1_600_000 / 8,
      uploadThroughput: 750_000 / 8,
    });
    await visitor.page.goto('/login', { waitUntil: 'commit' });
    await visitor.name.fill('ada');
    await visitor.page.waitForLoadState('networkidle');
    const times = await visitor.page.evaluate(() => ({
      painted: performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
      script: performance.getEntriesByType('resource').find((entry) => entry.name.endsWith('.wasm')) as
        | PerformanceResourceTiming
        | undefined,
    }));
    expect(times.script?.responseEnd).toBeGreaterThan(0);
    expect(times.painted).toBeLessThan(times.script!.responseEnd);
  });
});

test.describe('with the script', () => {
  test('input of a password manager without key events is sent', async ({ visitor, person }) => {
    await visitor.open('/login');
    const put = (input: HTMLInputElement, value: string) => void (input.value = value);
    await visitor.name.evaluate(put, person.name);
    await visitor.password.evaluate(put, person.password);
    await visitor.signInButton.click();
    await visitor.isWelcomed(person);
  });

  test('a password manager may dispatch key events', async ({ visitor, person }) => {
    await visitor.open('/login');
    await visitor.types(person.name, person.password);
    for (const kind of ['keydown', 'keyup', 'input', 'change']) {
      // Some dispatch plain events under the names of keyboard events.
      await visitor.password.evaluate((input, kind) => input.dispatchEvent(new Event(kind, { bubbles: true })), kind);
    }
    await visitor.signInButton.click();
    await visitor.isWelcomed(person);
  });

  test('a double click signs in once', async ({ visitor, person, server }) => {
    await visitor.open('/login');
    const { letThrough, posts } = await holdSignIn(visitor);
    await visitor.types(person.name, person.password);
    await visitor.signInButton.dblclick();
    await visitor.password.press('Enter');
    await visitor.name.press('Enter');
    await expect(visitor.signInButton).toHaveAttribute('aria-busy', 'true');
    await expect(visitor.signInButton).toBeEnabled();
    letThrough();
    await visitor.isWelcomed(person);
    expect(posts).toHaveLength(1);
    expect(server.sessions(person.name)).toHaveLength(1);
  });

  test('progress is shown only if the answer takes time', async ({ visitor, person }) => {
    await visitor.open('/login');
    const { letThrough } = await holdSignIn(visitor);
    await visitor.types(person.name, person.password);
    const sign = () =>
      visitor.signInButton.evaluate((button) => {
        const after = getComputedStyle(button, '::after');
        return after.content === 'none' ? 0 : Number(after.opacity);
      });
    expect(await sign()).toBe(0);
    await visitor.signInButton.click();
    expect(
      await visitor.signInButton.evaluate((button) =>
        button.getAnimations({ subtree: true }).map((animation) => animation.effect?.getTiming().delay),
      ),
    ).toContain(300);
    await expect.poll(sign).toBe(1);
    letThrough();
    await visitor.isWelcomed(person);
  });

  test('after a refusal one can try again at once', async ({ visitor, person, complaints }) => {
    complaints.expect(REFUSED);
    await visitor.open('/login');
    await visitor.sends(person.name, 'not the password at all');
    await expect(visitor.problem).toBeFocused();
    await expect(visitor.page).toHaveURL('/login');
    await visitor.sends(person.name, 'and neither is this one');
    await expect(visitor.password).toHaveValue('');
    await expect(visitor.problem).toBeFocused();
    await visitor.sends(person.name, person.password);
    await visitor.isWelcomed(person);
  });

  test('a lost connection is reported, and one can retry', async ({ visitor, person, complaints }) => {
    complaints.expect(/net::ERR_FAILED/);
    await visitor.open('/login');
    await visitor.page.route('**/api/login', (route) => route.abort());
    await visitor.sends(person.name, person.password);
    await expect(visitor.problem).toContainText('There is no connection to the server.');
    await expect(visitor.signInButton).toBeFocused();
    await expect(visitor.password).toHaveValue(person.password);
    await expect(visitor.name).not.toHaveAttribute('aria-invalid');
    await visitor.page.unroute('**/api/login');
    await visitor.sends(person.name, person.password);
    await visitor.isWelcomed(person);
  });

  for (const status of [200, 502]) {
    test(`a foreign answer with status ${status} is reported as none`, async ({ visitor, person, complaints }) => {
      complaints.expect(/status of 502/);
      await visitor.open('/login');
      const page = { status, contentType: 'text/html', body: '<p>Sign in to this network first.</p>' };
      await visitor.page.route('**/api/login', (route) => route.fulfill(page));
      await visitor.sends(person.name, person.password);
      await expect(visitor.problem).toContainText('not available right now');
      await expect(visitor.password).toHaveValue(person.password);
      await visitor.page.unroute('**/api/login');
      await visitor.sends(person.name, person.password);
      await visitor.isWelcomed(person);
    });
  }

  test('Back does not lead to the form', async ({ visitor, person }) => {
    await visitor.page.goto('/healthz');
    await visitor.signsIn(person);
    await visitor.page.goBack();
    await expect(visitor.page).toHaveURL('/healthz');
  });
});
