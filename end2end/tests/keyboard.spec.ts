import { expect, inEveryWay, test, type Visitor } from '../fixtures';
import { gate } from '../support/gate';
import { SITE } from '../support/site';

/** Presses Tab, and returns the focused element. It must be visible, uncovered, with a visible ring. */
async function tab({ page }: Visitor): Promise<string> {
  await page.keyboard.press('Tab');
  const focus = await page.evaluate(() => {
    const element = document.activeElement as HTMLElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    const { left, top, width, height, bottom } = element.getBoundingClientRect();
    const middle = document.elementFromPoint(left + width / 2, top + height / 2);
    const label = (element as HTMLInputElement).labels?.[0]?.textContent;
    const shown = element.cloneNode(true) as HTMLElement;
    for (const part of shown.querySelectorAll('[aria-hidden=true]')) part.remove();
    return {
      name: (label ?? element.getAttribute('aria-label') ?? shown.textContent ?? '').trim(),
      ring: outlineStyle === 'none' ? 0 : parseFloat(outlineWidth),
      inView: top >= 0 && bottom <= innerHeight,
      uncovered: middle !== null && (element.contains(middle) || middle.contains(element)),
    };
  });
  expect(focus).toMatchObject({ inView: true, uncovered: true });
  expect(focus.ring, `the ring of ${focus.name}`).toBeGreaterThanOrEqual(2);
  return focus.name;
}

async function tabTo(visitor: Visitor, wanted: string): Promise<void> {
  for (let steps = 0; steps < 12; steps++) if ((await tab(visitor)) === wanted) return;
  throw new Error(`Tab does not lead to ${wanted}`);
}

inEveryWay(() => {
  test('one can sign in and out without a mouse', async ({ visitor, person, way }) => {
    const { keyboard } = visitor.page;
    await visitor.open('/login');
    await expect(visitor.name).toBeFocused();
    // From the beginning of the page, as a person does who has pressed a key for it.
    await visitor.startsAtTheTop();
    const order = [
      'Skip to content',
      SITE,
      'Username or email',
      'Password',
      ...(way === 'hydrated' ? ['Show password'] : []),
      'Stay signed in for 14 days',
      'Sign in',
      'Can’t sign in?',
    ];
    for (const name of order) expect(await tab(visitor)).toBe(name);
    await visitor.page.reload();
    await visitor.waitForHydration();
    await expect(visitor.name).toBeFocused();

    await keyboard.type(person.name);
    await tabTo(visitor, 'Password');
    await keyboard.type(person.password);
    await tabTo(visitor, 'Stay signed in for 14 days');
    await keyboard.press('Space');
    await tabTo(visitor, 'Sign in');
    await keyboard.press('Space');
    await visitor.isWelcomed(person);
    await expect(visitor.page.getByText('Stays signed in')).toBeVisible();

    await tabTo(visitor, `Signed in as ${person.displayName}`);
    await keyboard.press('Enter');
    await tabTo(visitor, 'Sign out');
    await keyboard.press('Enter');
    await expect(visitor.page).toHaveURL('/signed-out');
    await visitor.waitForHydration();
    await tabTo(visitor, 'Sign in again');
    await keyboard.press('Enter');
    await visitor.isAskedToSignIn();
  });

  test('a refusal leads to the field', async ({ visitor, person, complaints }) => {
    complaints.expect(/status of 401/);
    const { keyboard } = visitor.page;
    await visitor.open('/login');
    await expect(visitor.name).toBeFocused();
    await keyboard.type(person.name);
    await tabTo(visitor, 'Password');
    await keyboard.type('not the password at all');
    await keyboard.press('Enter');
    await expect(visitor.problem).toBeFocused();
    expect(await tab(visitor)).toContain('Wrong username or password');
    await keyboard.press('Enter');
    await expect(visitor.name).toBeFocused();
    expect(await tab(visitor)).toBe('Password');
    await keyboard.type(person.password);
    await keyboard.press('Enter');
    await visitor.isWelcomed(person);
  });

  test('one can change the password without a mouse', async ({ visitor, person, way, complaints }) => {
    complaints.expect(/status of 422/);
    const { keyboard } = visitor.page;
    await visitor.signsIn(person);
    await visitor.open('/account/password');
    const ways = await visitor.page.getByRole('navigation', { name: 'Main' }).getByRole('link').allInnerTexts();
    expect(ways).toEqual(['Overview', 'Sessions', 'Activity', 'Profile', 'Password', 'Access keys']);
    const shows = (what: string) => (way === 'hydrated' ? [`Show ${what} password`] : []);
    const order = [
      'Skip to content',
      SITE,
      `Signed in as ${person.displayName}`,
      ...ways,
      ...['Current password', ...shows('current')],
      ...['New password', ...shows('new')],
      'Change password',
    ];
    for (const name of order) expect(await tab(visitor)).toBe(name);
    await visitor.page.reload();
    await visitor.waitForHydration();

    await tabTo(visitor, 'Current password');
    await keyboard.type('not the password at all');
    await tabTo(visitor, 'New password');
    await keyboard.type('quietly humming teapots');
    await keyboard.press('Enter');
    await expect(visitor.problem).toBeFocused();
    expect(await tab(visitor)).toBe('Wrong password.');
    await keyboard.press('Enter');
    await expect(visitor.page.getByLabel('Current password', { exact: true })).toBeFocused();
    await keyboard.type(person.password);
    await tabTo(visitor, 'New password');
    await keyboard.type('quietly humming teapots');
    await tabTo(visitor, 'Change password');
    await keyboard.press('Space');
    await expect(visitor.notice).toContainText('Password changed.');
  });

  test('the skip link leads past the header', async ({ visitor, person }) => {
    await visitor.signsIn(person);
    await visitor.open('/logout');
    expect(await tab(visitor)).toBe('Skip to content');
    const skip = visitor.page.getByRole('link', { name: 'Skip to content' });
    expect((await skip.boundingBox())!.height).toBeGreaterThanOrEqual(24);
    await visitor.page.keyboard.press('Enter');
    await expect(visitor.page.getByRole('main')).toBeFocused();
    expect(await tab(visitor)).toBe('Sign out');
    expect(await tab(visitor)).toBe('Stay signed in');
    await visitor.page.keyboard.press('Enter');
    await visitor.isWelcomed(person);
  });
});

test('the focus stays where it is when late scripts have run', async ({ visitor, person }) => {
  const late = gate();
  await visitor.page.route(/follow/, async (route) => {
    await late.opened;
    await route.continue();
  });
  await visitor.page.goto('/login', { waitUntil: 'commit' });
  await visitor.name.fill(person.name);
  // As by the link of an error summary.
  await visitor.page.evaluate(() => (location.hash = '#username'));
  await expect(visitor.name).toBeFocused();
  await visitor.password.focus();
  late.open();
  await visitor.page.waitForFunction(() => document.readyState === 'complete');
  await visitor.waitForHydration();
  await expect(visitor.password).toBeFocused();
  await visitor.page.keyboard.type(person.password);
  await expect(visitor.name).toHaveValue(person.name);
});
