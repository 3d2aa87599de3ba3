/** Pages that were changed before hydration: by an extension, a translator, a minifier. */

import { expect, overTheWire, test, type Visitor } from '../fixtures';

const again = (visitor: Visitor) => visitor.page.getByRole('dialog', { name: 'Sign in to continue' });
const warning = (visitor: Visitor) => visitor.page.getByRole('dialog', { name: 'Are you still there?' });

/** Each is known to have broken hydration. */
const TOUCHES: Record<string, () => void> = {
  'an element put first into the body': () => document.body.prepend(document.createElement('div')),
  'an element put first into every form': () => {
    for (const form of document.forms) form.prepend(document.createElement('span'));
  },
  'every text wrapped': () => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found: Text[] = [];
    while (texts.nextNode()) found.push(texts.currentNode as Text);
    for (const text of found) {
      const wrap = document.createElement('font');
      text.replaceWith(wrap);
      wrap.append(text);
    }
  },
  'all comments taken out': () => {
    const comments = document.createTreeWalker(document.body, NodeFilter.SHOW_COMMENT);
    const found: Comment[] = [];
    while (comments.nextNode()) found.push(comments.currentNode as Comment);
    for (const comment of found) comment.remove();
  },
};

test.beforeEach(({ complaints }) => complaints.expect(/uncaught: /, /panicked at/, /hydration/, /status of 401/));

/** Applies `touch` to every page of the browser, as soon as it is parsed. */
const touched = (visitor: Visitor, touch: () => void) =>
  visitor.context.addInitScript(`addEventListener('DOMContentLoaded', ${touch.toString()})`);

for (const [what, touch] of Object.entries(TOUCHES)) {
  test(`${what}: the page leaves when its session ends`, async ({ visitor, person, server }) => {
    await visitor.signsIn(person);
    await touched(visitor, touch);
    await visitor.page.goto('/account/profile');
    await visitor.waitForHydration();
    server.run(['session', 'end', '--user', person.name]);
    await expect(visitor.page).toHaveURL(/\/login\?next=%2Faccount%2Fprofile/);
  });
}

test('a page without whitespace between its tags leaves when another tab signs out', async ({ visitor, person, server }) => {
  await visitor.signsIn(person);
  await visitor.context.route('**/account/sessions', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: (await answer.text()).replace(/>\s+</g, '><').replaceAll('<!>', '') });
  });
  const other = await visitor.newTab();
  await visitor.page.goto('/account/sessions');
  await other.open('/dashboard');
  await other.signsOut();
  await expect(visitor.page).toHaveURL('/signed-out');
  expect(server.liveSessions(person.name)).toEqual([]);
});

test.describe('ahead of the idle end, and after it', () => {
  test.use({ settings: { VESTIBULE_SESSION__IDLE_TIMEOUT: '8s' } });

  test('a changed page warns, is covered, and the same person continues', async ({ visitor, person }) => {
    await visitor.signsIn(person);
    await touched(visitor, TOUCHES['an element put first into the body']!);
    await visitor.page.goto('/account/profile');
    await expect(warning(visitor)).toContainText(/signed out in \d+ seconds/, { timeout: 15_000 });
    await expect(again(visitor)).toBeVisible({ timeout: 15_000 });
    await expect(visitor.page.locator('.person-name')).toBeHidden();
    await again(visitor).getByLabel('Password', { exact: true }).fill(person.password);
    await again(visitor).getByRole('button', { name: 'Sign in' }).click();
    await expect(again(visitor)).toBeHidden();
    await expect(visitor.page.getByText(person.displayName).first()).toBeVisible();
  });

  test.describe('without WebAssembly', () => {
    test.use({ way: 'without WebAssembly' });

    test('the page warns, stays on request, and asks to sign in after its time', async ({ visitor, person }) => {
      await visitor.signsIn(person);
      await expect(warning(visitor)).toBeVisible({ timeout: 15_000 });
      await visitor.page.getByRole('button', { name: 'Stay signed in' }).click();
      await expect(warning(visitor)).toBeHidden();
      await expect(again(visitor)).toBeVisible({ timeout: 20_000 });
    });
  });
});

test.describe('without WebAssembly', () => {
  test.use({ way: 'without WebAssembly' });

  test('the page leaves when its session ends', async ({ visitor, person, server }) => {
    await visitor.signsIn(person);
    await visitor.page.goto('/account/profile');
    server.run(['session', 'end', '--user', person.name]);
    await expect(visitor.page).toHaveURL(/\/login\?next=%2Faccount%2Fprofile/);
  });
});

test.describe('behind a proxy that buffers streams', () => {
  test.use(overTheWire);

  for (const holds of ['events', 'answers'] as const) {
    test.describe(`(${holds})`, () => {
      test('a page that was left for another tab comes back', async ({ visitor, person, wire }) => {
        wire.holds = holds;
        await visitor.signsIn(person);
        await visitor.open('/account/profile');
        await visitor.page.getByLabel('Full name').fill('Typed before');
        await visitor.hide();
        await expect(visitor.page.locator('html[data-covered]')).toHaveCount(1);
        await visitor.show();
        await expect(visitor.page.locator('html[data-covered]')).toHaveCount(0);
        await expect(visitor.page.getByLabel('Full name')).toHaveValue('Typed before');
      });

      test('the page leaves when its session has ended', async ({ visitor, person, server, wire }) => {
        wire.holds = holds;
        await visitor.signsIn(person);
        await visitor.open('/account/profile');
        server.run(['session', 'end', '--user', person.name]);
        // Ten seconds are promised, and the machine may be busy.
        await expect(visitor.page).toHaveURL(/\/login\?next=%2Faccount%2Fprofile/, { timeout: 20_000 });
        const asked = wire.exchanges.filter(({ method, url }) => method === 'HEAD' && url === '/session/events');
        expect(asked.length, 'not more often than every five seconds').toBeLessThanOrEqual(6);
      });
    });
  }

  test.describe('ahead of the idle end', () => {
    test.use({ settings: { VESTIBULE_SESSION__IDLE_TIMEOUT: '15s' } });

    test('the page warns', async ({ visitor, person, wire }) => {
      wire.holds = 'events';
      await visitor.signsIn(person);
      await expect(warning(visitor)).toContainText(/signed out in \d+ seconds/, { timeout: 20_000 });
    });
  });
});
