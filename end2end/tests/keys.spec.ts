import { expect, inEveryWay, test, type Visitor } from '../fixtures';
import { makesKey, signsInWithKey } from '../support/pages';
import { titled } from '../support/site';

const PATH = '/account/keys';
const KEY = /^vst_[0-9a-f]{32}_[0-9a-f]{64}_[0-9a-f]{8}$/;

test.use({ settings: { VESTIBULE_KEYS__SIGN_IN: 'true' } });

const shown = ({ page }: Visitor) => page.locator('[data-secret=access-key]');
const keys = ({ page }: Visitor) => page.getByRole('region', { name: 'Your keys' });

/** Makes a key at the current page, and reads it. */
async function made(visitor: Visitor, name: string): Promise<string> {
  await makesKey(visitor, name);
  await expect(visitor.notice).toContainText('Copy the key now');
  await visitor.waitForHydration();
  const key = (await shown(visitor).textContent())!;
  expect(key).toMatch(KEY);
  return key;
}

inEveryWay(() => {
  test('a key is made, used and revoked', async ({ visitor, another, person, server }) => {
    await visitor.signsIn(person);
    await visitor.open(PATH);
    await expect(keys(visitor)).toContainText('You have no access keys.');
    const key = await made(visitor, 'Nightly <b>backup</b>');
    await expect(keys(visitor)).toContainText('Nightly <b>backup</b>');
    await expect(keys(visitor)).toContainText('Never used');
    await visitor.open(PATH);
    await expect(shown(visitor)).toHaveCount(0);
    expect(await visitor.page.content(), 'it is shown once').not.toContain(key.split('_')[2]);

    const program = await another();
    await signsInWithKey(program, key);
    await expect(program.page.getByRole('heading', { level: 1 })).toContainText(person.displayName);
    await program.open('/account/sessions');
    await expect(program.page.getByRole('main')).toContainText('Access key');

    await visitor.open(PATH);
    await visitor.page.locator('summary').filter({ hasText: 'Revoke the key Nightly' }).click();
    await visitor.page.getByRole('button', { name: 'Yes, revoke this key' }).click();
    await expect(visitor.notice).toContainText('The key is revoked.');
    await visitor.waitForHydration();
    await expect(keys(visitor)).toContainText('You have no access keys.');
    await visitor.page.getByText('Revoked and expired keys').click();
    await expect(keys(visitor)).toContainText('Nightly <b>backup</b> Revoked');
    await program.reload();
    await program.isAskedToSignIn();
    await expect(program.notice).toContainText('the access key was revoked');
    expect(await server.signsInWithKey(key, 'backup/2.1')).toBe(401);
  });

  test('a refusal gives the reason, and keeps the input', async ({ visitor, person, complaints }) => {
    complaints.expect(/status of 422/);
    await visitor.signsIn(person);
    await visitor.open(PATH);
    await visitor.page.getByLabel('Name', { exact: true }).fill('Nightly backup');
    await visitor.page.getByLabel('List your sessions').check();
    await visitor.page.getByLabel('Networks (optional)').fill('example.org');
    await visitor.page.getByRole('button', { name: 'Create access key' }).click();
    await expect(visitor.problem).toBeFocused();
    await expect(visitor.problem).toContainText('A network is an address or a range');
    await expect(visitor.page).toHaveTitle(titled('Error: Access keys'));
    const networks = visitor.page.getByLabel('Networks (optional)');
    await expect(networks).toHaveAttribute('aria-invalid', 'true');
    await expect(networks).toHaveAccessibleDescription(/A network is an address or a range/);
    await expect(networks).toHaveValue('example.org');
    await expect(visitor.page.getByLabel('Name', { exact: true })).toHaveValue('Nightly backup');
    await expect(visitor.page.getByLabel('List your sessions')).toBeChecked();
    await visitor.problem.getByRole('link').click();
    await expect(networks).toBeFocused();

    await visitor.waitForHydration();
    await networks.fill('127.0.0.0/8');
    await visitor.page.getByRole('button', { name: 'Create access key' }).click();
    await expect(shown(visitor)).toHaveText(KEY);
  });

  test('without a permission the boxes are named', async ({ visitor, person, complaints }) => {
    complaints.expect(/status of 422/);
    await visitor.signsIn(person);
    await visitor.open(PATH);
    await visitor.page.getByLabel('Name', { exact: true }).fill('Nightly backup');
    await visitor.page.getByRole('button', { name: 'Create access key' }).click();
    await expect(visitor.problem).toContainText('Choose at least one permission.');
    await visitor.problem.getByRole('link').click();
    await expect(visitor.page.getByLabel('Read your profile and your activity')).toBeFocused();
  });

  test('an unknown key is refused, and the field is empty', async ({ visitor, person, complaints }) => {
    complaints.expect(/status of 401/);
    await visitor.open('/login');
    await visitor.page.getByRole('link', { name: 'Use an access key' }).click();
    await visitor.waitForHydration();
    const field = visitor.page.getByLabel('Access key', { exact: true });
    await field.fill(`vst_${'0'.repeat(32)}_${'0'.repeat(64)}_00000000`);
    await visitor.signInButton.click();
    await expect(visitor.problem).toBeFocused();
    await expect(visitor.problem).toContainText('The access key is not valid here.');
    await expect(field).toHaveValue('');
    await visitor.page.getByRole('link', { name: 'Sign in with a password' }).click();
    await visitor.waitForHydration();
    await visitor.sends(person.name, person.password);
    await visitor.isWelcomed(person);
  });

  test('a session of a key opens what its permissions name', async ({ visitor, person, server, complaints }) => {
    complaints.expect(/status of 403/);
    const key = server.run(['key', 'create', person.name, '--name', 'x', '--scope', 'profile:read']);
    await signsInWithKey(visitor, key);
    await visitor.page.goto(PATH);
    await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('Not with this access key');
    await visitor.open('/dashboard');
    await visitor.signsOut();
  });

  test('signing out everywhere says how many keys it revoked', async ({ visitor, person, server }) => {
    server.run(['key', 'create', person.name, '--name', 'x', '--scope', 'profile:read']);
    await visitor.signsIn(person);
    await visitor.open('/account/sessions');
    await visitor.page.getByText('Sign out everywhere', { exact: true }).click();
    await visitor.page.getByLabel('Keep my access keys').check();
    await visitor.page.getByRole('button', { name: 'Yes, sign out everywhere' }).click();
    await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('You are signed out');
    await expect(visitor.page.getByRole('main')).not.toContainText('revoked');
    await visitor.waitForHydration();
    await visitor.signsIn(person);
    await visitor.open('/account/sessions');
    await visitor.page.getByText('Sign out everywhere', { exact: true }).click();
    await visitor.page.getByRole('button', { name: 'Yes, sign out everywhere' }).click();
    await expect(visitor.page.getByRole('main')).toContainText('1 access key was revoked.');
  });

  test('the page needs no mouse', async ({ visitor, person }) => {
    const { keyboard } = visitor.page;
    await visitor.signsIn(person);
    await visitor.open(PATH);
    await visitor.page.getByLabel('Name', { exact: true }).focus();
    await keyboard.type('Nightly backup');
    const box = visitor.page.getByLabel('Read your profile and your activity');
    // The field of the day has a stop for each of its parts.
    for (let steps = 0; steps < 8 && !(await box.evaluate((it) => it === document.activeElement)); steps++) {
      await keyboard.press('Tab');
    }
    await keyboard.press('Space');
    await expect(box).toBeChecked();
    await keyboard.press('Enter');
    await expect(shown(visitor)).toHaveText(KEY);
    await visitor.waitForHydration();
    await visitor.page.locator('summary').filter({ hasText: 'Revoke the key Nightly' }).focus();
    await keyboard.press('Enter');
    await keyboard.press('Tab');
    await expect(visitor.page.getByRole('button', { name: 'Yes, revoke this key' })).toBeFocused();
    await keyboard.press('Enter');
    await expect(visitor.notice).toContainText('The key is revoked.');
  });
});

test('the button copies the key', async ({ visitor, person, context, server }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server.origin });
  await visitor.signsIn(person);
  await visitor.open(PATH);
  const key = await made(visitor, 'Nightly backup');
  await visitor.page.getByRole('button', { name: 'Copy key' }).click();
  await expect(visitor.page.getByText('Copied', { exact: true })).toBeVisible();
  expect(await visitor.page.evaluate(() => navigator.clipboard.readText())).toBe(key);
});

test('a browser that forbids copying says so', async ({ visitor, person }) => {
  await visitor.page.addInitScript(() => {
    navigator.clipboard.writeText = () => Promise.reject(new DOMException('denied', 'NotAllowedError'));
  });
  await visitor.signsIn(person);
  await visitor.open(PATH);
  await made(visitor, 'Nightly backup');
  await visitor.page.getByRole('button', { name: 'Copy key' }).click();
  await expect(visitor.page.getByText('Your browser did not allow it.')).toBeVisible();
});

test.describe('without the script', () => {
  test.use({ way: 'without JavaScript' });

  test('there is no button that does nothing', async ({ visitor, person }) => {
    await visitor.signsIn(person);
    await visitor.open(PATH);
    await made(visitor, 'Nightly backup');
    await expect(visitor.page.getByRole('button', { name: 'Copy key' })).toBeHidden();
  });
});

test('an open page leaves when its key is revoked', async ({ visitor, person, server }) => {
  const key = server.run(['key', 'create', person.name, '--name', 'x', '--scope', 'profile:read']);
  await signsInWithKey(visitor, key);
  server.run(['key', 'revoke', key.split('_')[1]!]);
  await visitor.isAskedToSignIn();
  await expect(visitor.notice).toContainText('the access key was revoked');
});
