import { expect, inEveryWay, newPerson, test, type Person } from '../fixtures';
import { choosesPassword, opensLink } from '../support/links';

inEveryWay(() => {
  test('somebody is invited, chooses a password and is signed in', async ({ visitor, server }) => {
    const name = `hedy${Date.now()}`;
    await visitor.signsIn(newPerson(server, { displayName: 'Grace Hopper' }, ['--admin']));
    await visitor.open('/admin/users');
    await visitor.page.getByLabel('Name', { exact: true }).fill(name);
    await visitor.page.getByRole('button', { name: 'Make the link' }).click();
    const shown = visitor.page.getByRole('status').first();
    await expect(shown).toContainText('Hand this link on now');
    const link = (await shown.locator('code').textContent())!;
    await visitor.open('/admin/users');
    await expect(visitor.page.getByRole('main')).not.toContainText('Hand this link on now');
    await visitor.signsOut();

    await opensLink(visitor, link);
    const { page } = visitor;
    await expect(page).toHaveURL(/\/password-link\?cookie-check$/);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(`Welcome, ${name}`);
    await expect(page.getByRole('main')).toContainText(`You will sign in as ${name}.`);
    await expect(page.getByLabel('Code', { exact: true })).toHaveCount(0);
    await expect(page.locator('input#username')).toHaveValue(name);
    const hedy: Person = { name, displayName: name, email: '', password: 'quietly humming teapots' };
    await choosesPassword(visitor, hedy.password);
    await visitor.isWelcomed(hedy);
    await expect(page.getByRole('status').first()).toContainText('Your account is ready');
    await expect(page.getByRole('main'), 'the browser is known').not.toContainText('new device');
    await page.reload();
    await visitor.waitForHydration();
    await expect(page.getByRole('main'), 'once').not.toContainText('Your account is ready');
    await visitor.signsOut();
    await visitor.signsIn(hedy);
  });

  test('an administrator ends the session of somebody and deletes the account', async ({ visitor, server, person, complaints }) => {
    complaints.expect(/status of 422/);
    await server.signsInElsewhere(person.name, person.password, 'Wget/1.25');
    const { id } = JSON.parse(server.run(['user', 'show', person.name, '--json'])) as { id: string };
    await visitor.signsIn(newPerson(server, {}, ['--admin']));
    await visitor.open(`/admin/users/${id}`);
    await visitor.page.getByRole('button', { name: /^End the session of/ }).click();
    await expect(visitor.page.getByRole('status').first()).toContainText('1 session has ended');
    await visitor.waitForHydration();
    expect(server.liveSessions(person.name)).toEqual([]);
    await visitor.page.getByLabel('Name of the account').fill('somebody else');
    await visitor.page.getByRole('button', { name: 'Delete the account' }).click();
    await expect(visitor.problem).toContainText('Nothing was deleted');
    await visitor.waitForHydration();
    await visitor.page.getByLabel('Name of the account').fill(person.name);
    await visitor.page.getByRole('button', { name: 'Delete the account' }).click();
    await expect(visitor.page.getByRole('status').first()).toContainText('is deleted');
  });
});

test('a second link in the tab of the first is read', async ({ visitor, server }) => {
  const name = `hedy${Date.now()}`;
  const made = () => server.run(['user', 'invite', name]).split('\n')[0]!;
  const [first, second] = [made(), made()];
  await opensLink(visitor, first);
  await expect(visitor.problem).toContainText('This link has expired or was already used.');
  await visitor.page.evaluate((hash) => location.assign(hash), new URL(second).hash);
  await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText(`Welcome, ${name}`);
  await expect(visitor.page).toHaveURL('/password-link?cookie-check');
  await visitor.waitForHydration();

  // A dead one after it: nobody is greeted.
  await visitor.page.evaluate((hash) => location.assign(hash), new URL(first).hash);
  await expect(visitor.problem).toContainText('This link has expired or was already used.');
  await expect(visitor.page.getByRole('main')).not.toContainText(name);
});
