import { expect, inEveryWay, test } from '../fixtures';
import { changesPassword, currentPassword, newPassword, visitAccount } from '../support/account';
import { titled } from '../support/site';

const PATH = '/account/password';
const NEW = 'quietly humming teapots';

inEveryWay(() => {
  test('a new password ends the other sessions and keeps this one', async ({ visitor, another, person, server }) => {
    const elsewhere = await another();
    await elsewhere.signsIn(person);
    await visitor.signsIn(person);
    const before = await visitor.sessionCookie();
    await visitAccount(visitor, 'Change password', 'Change your password');
    await changesPassword(visitor, person.password, NEW);
    await expect(visitor.notice).toHaveText('Password changed. 1 other device was signed out.');
    await expect(visitor.page).toHaveURL(PATH);
    await visitor.waitForHydration();
    await expect(currentPassword(visitor)).toHaveValue('');
    expect((await visitor.sessionCookie())!.value).not.toBe(before!.value);
    expect(server.liveSessions(person.name)).toHaveLength(1);

    await elsewhere.page.reload();
    await elsewhere.isAskedToSignIn();
    await expect(elsewhere.notice).toContainText('your password was changed');
    await elsewhere.sends(person.name, NEW);
    await elsewhere.isWelcomed(person);

    await visitor.page.reload();
    await expect(visitor.page.getByText('Password changed.')).toHaveCount(0);
    await visitor.open('/dashboard');
    await visitor.isWelcomed(person);
  });

  test('a refusal gives the reason and focuses the field', async ({ visitor, person, complaints }) => {
    complaints.expect(/status of 422/);
    await visitor.signsIn(person);
    await visitor.open(PATH);
    await changesPassword(visitor, 'not the password at all', NEW);
    await expect(visitor.problem).toBeFocused();
    await expect(visitor.problem).toContainText('Wrong password.');
    await expect(visitor.page).toHaveTitle(titled('Error: Change your password'));
    await expect(currentPassword(visitor)).toHaveAttribute('aria-invalid', 'true');
    await expect(currentPassword(visitor)).toHaveAccessibleDescription(/Wrong password\./);
    await expect(currentPassword(visitor)).toHaveValue('');
    await expect(newPassword(visitor)).toHaveValue('');

    await visitor.waitForHydration();
    await changesPassword(visitor, person.password, 'passwordpassword');
    await expect(visitor.problem).toContainText('too common');
    await expect(newPassword(visitor)).toHaveAttribute('aria-invalid', 'true');
    await expect(currentPassword(visitor)).not.toHaveAttribute('aria-invalid');
    await visitor.problem.getByRole('link').click();
    await expect(newPassword(visitor)).toBeFocused();

    await visitor.waitForHydration();
    await changesPassword(visitor, person.password, NEW);
    await expect(visitor.notice).toContainText('Password changed.');
  });

  test('password managers find the page', async ({ visitor, person, complaints }) => {
    complaints.expect(/status of 404/);
    const nothing = await visitor.page.goto('/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200');
    expect(nothing?.status()).toBe(404);
    await visitor.open('/.well-known/change-password');
    await visitor.isAskedToSignIn();
    await visitor.sends(person.name, person.password);
    await expect(visitor.page).toHaveURL(PATH);
    await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('Change your password');
  });
});

test('both fields can be shown, each by its own button', async ({ visitor, person }) => {
  await visitor.signsIn(person);
  await visitor.open(PATH);
  await visitor.page.getByRole('button', { name: 'Show new password' }).click();
  await expect(newPassword(visitor)).toHaveAttribute('type', 'text');
  await expect(currentPassword(visitor)).toHaveAttribute('type', 'password');
  await visitor.page.getByRole('button', { name: 'Show current password' }).click();
  await expect(currentPassword(visitor)).toHaveAttribute('type', 'text');
  await visitor.page.getByRole('button', { name: 'Hide new password' }).click();
  await expect(newPassword(visitor)).toHaveAttribute('type', 'password');
});

test('the name is there for password managers, and for nobody else', async ({ visitor, person }) => {
  await visitor.signsIn(person);
  await visitor.open(PATH);
  const name = visitor.page.locator('#username');
  await expect(name).toHaveValue(person.name);
  await expect(name).toBeHidden();
  const request = visitor.page.waitForRequest('**/api/change_password');
  await changesPassword(visitor, person.password, NEW);
  const sent = new URLSearchParams((await request).postData() ?? '');
  expect([...sent.keys()].sort()).toEqual(['current_password', 'new_password']);
});
