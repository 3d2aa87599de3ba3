import AxeBuilder from '@axe-core/playwright';
import { expect, newPerson, test, type Person, type Visitor } from '../fixtures';
import type { Server } from '../support/server';

/** Real names, and invented ones. */
const UNUSUAL: Record<string, { name: string; displayName: string }> = {
  'as long as can be': { name: 'w'.repeat(64), displayName: 'W'.repeat(128) },
  'in Arabic': { name: 'شهرزاد', displayName: 'مدير النظام (1) – الرئيسي!' },
  'in Hebrew, with Latin at its end': { name: 'שרה-לוי', displayName: 'שרה לוי, admin' },
  'of joined emoji': { name: 'emoji', displayName: '👩🏽‍🚀🏳️‍🌈👨‍👩‍👧‍👦'.repeat(4) },
  'of many marks': { name: 'marks', displayName: `Z${'\u0335\u0489\u0353'.repeat(42)}` },
  'that would turn what follows': { name: 'turned', displayName: 'Eve \u200F\u061C!?)(' },
};

/** A user agent that a client may send, and that would be unreadable. */
const UNUSUAL_AGENTS = ['W'.repeat(600), 'متصفح \u202E moor a', '<b>👩🏽‍🚀</b> '.repeat(20), 'Z\u0335\u0489'];

/** No name may widen a page at any of these widths. */
const WIDTHS = [320, 1280];

async function signsInByUnusualAgents(server: Server, { name, password }: Person): Promise<void> {
  for (const agent of UNUSUAL_AGENTS) {
    // Headers are bytes; Playwright takes them in this form.
    await server.signsInElsewhere(name, password, Buffer.from(agent).toString('latin1'));
  }
}

/** Elements that contain a name without isolating it from the text around it. */
function withoutIsolation({ page }: Visitor, names: string[]): Promise<string[]> {
  return page.evaluate((names) => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      const parent = text.parentElement!;
      if (parent.closest('script, bdi')) continue;
      if (names.some((name) => text.nodeValue!.includes(name))) found.push(parent.outerHTML);
    }
    return found;
  }, names.map((name) => name.normalize('NFC')));
}

async function isInOrder(visitor: Visitor, person: Person, others: Person[] = []): Promise<void> {
  const { page } = visitor;
  const where = new URL(page.url()).pathname;
  const names = [person, ...others].flatMap(({ name, displayName }) => [name, displayName]);
  expect.soft(await withoutIsolation(visitor, names), `names among other text in ${where}`).toEqual([]);
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 640 });
    const wider = await page.evaluate(() => document.scrollingElement!.scrollWidth - innerWidth);
    expect.soft(wider, `${where} is wider than ${width} px`).toBeLessThanOrEqual(0);
  }
  await expect.soft(page.getByRole('main')).not.toContainText('moor a');
}

async function isAccessible({ page }: Visitor): Promise<void> {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect.soft(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target)}`)).toEqual([]);
}

test.describe('odd names', () => {
  // Each with a server of its own, so that the lists show these people.
  test.use({ settings: {} });
  test.slow();

  for (const [what, traits] of Object.entries(UNUSUAL)) {
    test(`a name ${what} breaks no page`, async ({ visitor, server }) => {
      const { name: plain, displayName: shown } = UNUSUAL['in Arabic']!;
      const other = newPerson(server, { name: `${plain}2`, displayName: shown, email: 'other@example.org' });
      const person = newPerson(server, { ...traits, email: 'odd@example.org' }, ['--admin']);
      await visitor.open('/login');
      await visitor.sends(person.name, person.password);
      await expect(visitor.page).toHaveURL(/dashboard/);
      await signsInByUnusualAgents(server, person);
      const { id } = JSON.parse(server.run(['user', 'show', person.name, '--json'])) as { id: string };
      server.run(['user', 'promote', other.name]);
      for (const path of [
        '/dashboard',
        '/account/sessions',
        '/account/activity',
        '/account/profile',
        '/account/password',
        '/logout',
        '/admin/users',
        `/admin/users/${id}`,
        '/admin/activity',
        '/admin/system',
      ]) {
        await visitor.open(path);
        await isInOrder(visitor, person, [other]);
        if (what === 'in Hebrew, with Latin at its end') await isAccessible(visitor);
      }
      await visitor.open('/logout');
      await visitor.page.getByRole('main').getByRole('button', { name: 'Sign out' }).click();
      await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('You are signed out');
      await isInOrder(visitor, person);
      await visitor.open('/password-link');
      await isInOrder(visitor, person);
    });
  }
});

test.describe('where the password is asked for again', () => {
  test.use({ settings: { VESTIBULE_SESSION__CONFIRM_AFTER: '1s' } });

  test('odd names break nothing', async ({ visitor, server }) => {
    for (const [index, traits] of Object.values(UNUSUAL).entries()) {
      const person = newPerson(server, { ...traits, email: `odd${index}@example.org` });
      await visitor.open('/login');
      await visitor.sends(person.name, person.password);
      await expect(visitor.page).toHaveURL(/dashboard/);
      await visitor.page.waitForTimeout(1_000);
      await visitor.open('/account/confirm');
      await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('Is it you?');
      await isInOrder(visitor, person);
      await visitor.page.context().clearCookies();
    }
  });
});

test('a name with direction overrides is refused', async ({ visitor, person, complaints }) => {
  complaints.expect(/status of 422/);
  await visitor.signsIn(person);
  await visitor.open('/account/profile');
  for (const control of ['\u202E', '\u2067', '\u2028']) {
    await visitor.page.getByLabel('Full name').fill(`Eve${control}!`);
    await visitor.page.getByRole('button', { name: 'Save' }).click();
    await expect(visitor.problem.first()).toContainText('control characters');
    await visitor.page.reload();
    await visitor.waitForHydration();
  }
});
