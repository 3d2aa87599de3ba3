import { expect, inEveryWay, newPerson, test, type Person } from '../fixtures';

/** The address of a link that an administrator created, with its secret. */
function pathOf(link: string): string {
  const { pathname, hash } = new URL(link);
  return pathname + hash;
}

inEveryWay(() => {
  test('somebody is invited, sets a password and signs in', async ({ visitor, server, way }) => {
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

    await visitor.page.goto(pathOf(link));
    await visitor.waitForHydration();
    const secret = visitor.page.getByLabel('Code of the link');
    if (way === 'hydrated') {
      await expect(secret).toHaveValue(link.split('#')[1]!);
      expect(new URL(visitor.page.url()).hash, 'the secret stays in no history').toBe('');
    } else {
      await secret.fill(link);
    }
    const hedy: Person = { name, displayName: name, email: '', password: 'quietly humming teapots' };
    await visitor.page.getByLabel('New password', { exact: true }).fill(hedy.password);
    await visitor.page.getByRole('button', { name: 'Set the password' }).click();
    await expect(visitor.page.getByRole('status').first()).toContainText('Your password is set.');
    await visitor.waitForHydration();
    await visitor.sends(hedy.name, hedy.password);
    await visitor.isWelcomed(hedy);
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

test('a second link in the tab of the first is read', async ({ visitor, server, complaints }) => {
  complaints.expect(/status of 422/);
  const name = `hedy${Date.now()}`;
  const made = () => server.run(['user', 'invite', name]).split('\n')[0]!;
  const [first, second] = [made(), made()];
  await visitor.open(pathOf(first));
  await visitor.waitForHydration();
  const secret = visitor.page.getByLabel('Code of the link');
  await expect(secret).toHaveValue(first.split('#')[1]!);
  await visitor.page.getByLabel('New password', { exact: true }).fill('quietly humming teapots');
  await visitor.page.getByRole('button', { name: 'Set the password' }).click();
  await expect(visitor.problem).toContainText('This link is not right');

  await visitor.page.evaluate((hash) => location.assign(hash), new URL(second).hash);
  await expect(secret).toHaveValue(second.split('#')[1]!);
  await expect(visitor.page).toHaveURL('/password-link');
  await expect(visitor.problem).toHaveCount(0);
  await visitor.page.getByLabel('New password', { exact: true }).fill('quietly humming teapots');
  await visitor.page.getByRole('button', { name: 'Set the password' }).click();
  await expect(visitor.page.getByLabel('Name or e-mail')).toHaveValue(name);
});
