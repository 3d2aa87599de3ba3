import AxeBuilder from '@axe-core/playwright';
import { expect, inEveryWay, newPerson, test, type Visitor } from '../fixtures';
import { BRAND } from '../support/site';

const navigation = ({ page }: Visitor) => page.getByRole('navigation', { name: 'Main' });
const menuButton = ({ page }: Visitor) => page.getByRole('button', { name: 'Menu' });
const heading = ({ page }: Visitor) => page.getByRole('heading', { level: 1 });

const ACCOUNT = ['Overview', 'Sessions', 'Activity', 'Profile', 'Password', 'Access keys'];
const ADMINISTRATION = ['Users', 'Audit log', 'System'];
const PATHS: Record<string, string> = {
  Overview: '/dashboard',
  Sessions: '/account/sessions',
  Activity: '/account/activity',
  Profile: '/account/profile',
  Password: '/account/password',
  'Access keys': '/account/keys',
  Users: '/admin/users',
  'Audit log': '/admin/activity',
  System: '/admin/system',
};

async function opens(visitor: Visitor, name: string): Promise<void> {
  await navigation(visitor).getByRole('link', { name }).click();
  await expect(visitor.page).toHaveURL(PATHS[name]!);
  await visitor.waitForHydration();
}

inEveryWay(() => {
  test('every page is reached by the navigation, which marks it', async ({ visitor, server }) => {
    const root = newPerson(server, {}, ['--admin']);
    await visitor.signsIn(root);
    for (const name of [...ACCOUNT, ...ADMINISTRATION]) {
      await opens(visitor, name);
      const current = navigation(visitor).locator('[aria-current]');
      await expect(current).toHaveText([name]);
      await expect(current).toHaveAttribute('aria-current', 'page');
    }
    // Other tests have made so many accounts that the first page may not have this one.
    await visitor.open(`/admin/users?search=${root.name}`);
    await visitor.page.getByRole('link', { name: root.displayName, exact: true }).click();
    await expect(heading(visitor)).toContainText(root.displayName);
    const current = navigation(visitor).locator('[aria-current]');
    await expect(current).toHaveText(['Users']);
    await expect(current).toHaveAttribute('aria-current', 'true');
  });

  test('a member sees no administration', async ({ visitor, person }) => {
    await visitor.signsIn(person);
    await expect(navigation(visitor).getByRole('link')).toHaveText(ACCOUNT);
  });

  test('on a phone the menus open and close by keyboard', async ({ visitor, person }) => {
    const { keyboard } = visitor.page;
    await visitor.page.setViewportSize({ width: 320, height: 640 });
    await visitor.signsIn(person);
    await expect(navigation(visitor)).toBeHidden();
    await expect(visitor.personButton).toContainText(person.displayName);
    await menuButton(visitor).focus();
    await keyboard.press('Enter');
    await expect(navigation(visitor)).toBeVisible();
    await keyboard.press('Tab');
    await expect(navigation(visitor).getByRole('link', { name: 'Overview' })).toBeFocused();
    await keyboard.press('Escape');
    await expect(navigation(visitor)).toBeHidden();
    await expect(menuButton(visitor)).toBeFocused();
    await keyboard.press('Space');
    await navigation(visitor).getByRole('link', { name: 'Sessions' }).press('Enter');
    await expect(visitor.page).toHaveURL('/account/sessions');
    await visitor.waitForHydration();
    await visitor.personButton.press('Enter');
    await expect(visitor.personMenu).toContainText(person.email);
    await visitor.page.getByRole('main').click({ position: { x: 5, y: 400 } });
    await expect(visitor.personMenu).toBeHidden();
    await visitor.signsOut();
  });

  test('a theme is kept, and the first pixel has it', async ({ visitor, person }) => {
    const { page } = visitor;
    await page.emulateMedia({ colorScheme: 'light' });
    const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    await visitor.open('/login?next=/account/sessions');
    const light = await background();
    await page.getByRole('button', { name: 'Dark' }).click();
    await expect(page).toHaveURL('/login?next=/account/sessions');
    await visitor.waitForHydration();
    await expect(page.getByRole('button', { name: 'Dark' })).toHaveAttribute('aria-pressed', 'true');
    const dark = await background();
    expect(dark).not.toBe(light);
    expect(await (await visitor.context.request.get('/login')).text()).toMatch(/^<!DOCTYPE html><html lang="en" data-theme="dark">/);
    await visitor.sends(person.name, person.password);
    await expect(page).toHaveURL('/account/sessions');
    await visitor.waitForHydration();
    expect(await background()).toBe(dark);
    await visitor.opensPersonMenu();
    await page.getByRole('button', { name: 'System' }).click();
    await expect(page).toHaveURL('/account/sessions');
    await expect(page.locator('html[data-theme]')).toHaveCount(0);
    expect(await background()).toBe(light);
  });
});

test('nothing jumps between the pages of an account', async ({ visitor, server }) => {
  const root = newPerson(server, {}, ['--admin']);
  await visitor.signsIn(root);
  for (const width of [320, 768, 1024, 1280, 1920]) {
    await visitor.page.setViewportSize({ width, height: 800 });
    const places = new Set<string>();
    for (const path of [...Object.values(PATHS), '/logout', '/account/confirm']) {
      await visitor.open(path);
      const at = (await heading(visitor).boundingBox())!;
      const menu = width < 1024 ? await menuButton(visitor).boundingBox() : await navigation(visitor).boundingBox();
      places.add([at.x, at.y, menu!.x, menu!.y].map(Math.round).join(' '));
    }
    expect([...places], `${width} px`).toHaveLength(1);
  }
});

test('both menus are accessible when they are open', async ({ visitor, person }) => {
  await visitor.page.emulateMedia({ reducedMotion: 'reduce' });
  await visitor.signsIn(person);
  for (const width of [320, 1280]) {
    await visitor.page.setViewportSize({ width, height: 640 });
    for (const open of [() => visitor.opensPersonMenu(), () => (width < 1024 ? menuButton(visitor).click() : undefined)]) {
      await open();
      for (const colorScheme of ['light', 'dark'] as const) {
        await visitor.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        const { violations } = await new AxeBuilder({ page: visitor.page }).analyze();
        expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target)}`)).toEqual([]);
      }
      await visitor.page.keyboard.press('Escape');
    }
  }
});

test('the skip link covers the header', async ({ visitor }) => {
  for (const width of [320, 1280]) {
    await visitor.page.setViewportSize({ width, height: 640 });
    await visitor.open('/login');
    await visitor.startsAtTheTop();
    await visitor.page.keyboard.press('Tab');
    const skip = visitor.page.getByRole('link', { name: 'Skip to content' });
    await expect(skip).toBeFocused();
    const [over, under] = [(await skip.boundingBox())!, (await visitor.page.getByRole('banner').boundingBox())!];
    expect(over.width).toBe(width);
    expect(over.height).toBeGreaterThanOrEqual(under.height);
    expect(over.y).toBe(0);
  }
});

test.describe('of an owner', () => {
  test.use({ settings: BRAND });

  test('pages have the name, the logo and the colour', async ({ visitor, server }) => {
    const { page } = visitor;
    newPerson(server);
    await page.goto('/login');
    await expect(page).toHaveTitle('Sign in – Example Ltd');
    await expect(heading(visitor)).toHaveText('Sign in to Example Ltd');
    await expect(page.getByRole('banner').getByRole('link')).toHaveText('Example Ltd');
    const loaded = await page.locator('.mark').evaluate((mark: HTMLImageElement) => mark.naturalWidth > 0);
    expect(loaded).toBe(true);
    const colour = () => page.getByRole('button', { name: 'Sign in' }).evaluate((button) => getComputedStyle(button).backgroundColor);
    expect(await colour()).toBe('rgb(29, 79, 145)');
    await page.getByRole('button', { name: 'Dark' }).click();
    await expect(page.locator('html[data-theme=dark]')).toHaveCount(1);
    expect(await colour()).not.toBe('rgb(29, 79, 145)');
    const footer = page.getByRole('contentinfo');
    await expect(footer.getByRole('link')).toHaveText(['Help', 'Privacy', 'Imprint']);
    await visitor.waitForHydration();
    await expect(page).toHaveTitle('Sign in – Example Ltd');
  });
});
