import { expect, inEveryWay, newPerson, test, type Person } from '../fixtures';
import { choosesPassword, opensLink } from '../support/links';

inEveryWay(() => {
  test('somebody is invited, chooses a password and is signed in', async ({ visitor, server }) => {
    const name = `hedy${Date.now()}`;
    await visitor.signsIn(newPerson(server, { displayName: 'Grace Hopper' }, ['--admin']));
    await visitor.open('/admin/users');
    await visitor.page.getByRole('link', { name: 'Invite a user' }).click();
    await visitor.waitForHydration();
    await visitor.page.getByLabel('Full name').fill('Hedy Lamarr');
    await visitor.page.getByLabel('Username').fill(name);
    await visitor.page.getByRole('button', { name: 'Create invitation link' }).click();
    const shown = visitor.notice;
    await expect(shown).toContainText(`Invitation link for ${name}`);
    await expect(shown).toContainText('Copy this link now. It is shown once, works once, until ');
    const link = (await shown.locator('code').textContent())!;
    await visitor.open('/admin/users/invite');
    await expect(visitor.page.getByRole('main')).not.toContainText('Copy this link now');
    await visitor.signsOut();

    await opensLink(visitor, link);
    const { page } = visitor;
    await expect(page).toHaveURL(/\/password-link\?cookie-check$/);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Welcome, Hedy Lamarr');
    await expect(page.getByRole('main')).toContainText(`You will sign in as ${name}.`);
    await expect(page.getByLabel('Code', { exact: true })).toHaveCount(0);
    await expect(page.locator('input#username')).toHaveValue(name);
    const hedy: Person = { name, displayName: 'Hedy Lamarr', email: '', password: 'quietly humming teapots' };
    await choosesPassword(visitor, hedy.password);
    await visitor.isWelcomed(hedy);
    await expect(visitor.notice).toContainText('Your account is ready');
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
    await visitor.page.locator('summary').filter({ hasText: /^Sign out Wget/ }).click();
    await visitor.page.getByRole('button', { name: `Sign out ${person.displayName} there` }).click();
    await expect(visitor.notice).toContainText('1 device was signed out.');
    await visitor.waitForHydration();
    expect(server.liveSessions(person.name)).toEqual([]);
    await visitor.page.getByLabel('Username of the account').fill('somebody else');
    await visitor.page.getByRole('button', { name: `Delete ${person.displayName}` }).click();
    await expect(visitor.problem).toContainText('That does not match the username. Nothing was deleted.');
    await visitor.waitForHydration();
    await visitor.page.getByLabel('Username of the account').fill(person.name);
    await visitor.page.getByRole('button', { name: `Delete ${person.displayName}` }).click();
    await expect(visitor.notice).toContainText('is deleted');
  });

  test('people are found by any word, by their state and by both', async ({ visitor, server }) => {
    const one = `q${Date.now()}`;
    newPerson(server, { name: `${one}.ada`, displayName: `Ada ${one}lace`, email: `ada@${one}.example.org` });
    newPerson(server, { name: `${one}.grace`, displayName: 'Grace Hopper', email: `grace@${one}.example.org` });
    server.run(['user', 'disable', `${one}.grace`]);
    await visitor.signsIn(newPerson(server, {}, ['--admin']));
    await visitor.open('/admin/users');
    const { page } = visitor;
    const names = page.getByRole('rowheader');
    const search = async (words: string, show: string) => {
      await page.getByLabel('Search by name or email').fill(words);
      await page.getByLabel('Show', { exact: true }).selectOption(show);
      await page.getByRole('button', { name: 'Search' }).click();
      await visitor.waitForHydration();
    };
    await search(`${one}lace`, 'Everyone');
    await expect(names).toHaveText([`Ada ${one}lace`]);
    await search(`ada ${one}.example`, 'Everyone');
    await expect(names).toHaveText([`Ada ${one}lace`]);
    await search(one, 'Disabled');
    await expect(names).toHaveText([/^Grace Hopper\s*Disabled$/]);
    await expect(page.getByRole('row').last()).toContainText('Never');
    await search(`${one} nobody`, 'Administrators');
    await expect(page.getByRole('main')).toContainText(`No account matches “${one} nobody” with the filter “Administrators”.`);
    await page.getByRole('link', { name: 'Show all users' }).click();
    await expect(names.first()).toBeVisible();
  });

  test('a role, disabling and signing out everywhere are asked about first', async ({ visitor, server, person }) => {
    await server.signsInElsewhere(person.name, person.password, 'Wget/1.25');
    const { id } = JSON.parse(server.run(['user', 'show', person.name, '--json'])) as { id: string };
    await visitor.signsIn(newPerson(server, {}, ['--admin']));
    await visitor.open(`/admin/users/${id}`);
    const { page } = visitor;
    const name = person.displayName;
    await expect(page).toHaveTitle(new RegExp(`^${name} – `));
    for (const [question, button, outcome] of [
      ['Make administrator', `Make ${name} an administrator`, `${name} is now an administrator.`],
      ['Remove administrator role', `Remove the role from ${name}`, `${name} is no longer an administrator.`],
      ['Sign out everywhere', `Sign out ${name} everywhere`, '1 device was signed out.'],
      ['Disable account', `Disable ${name}`, `${name} is disabled.`],
    ] as const) {
      await expect(page.getByRole('button', { name: button })).toBeHidden();
      await page.locator('summary', { hasText: question }).click();
      await page.getByRole('button', { name: button }).click();
      await expect(visitor.notice).toContainText(outcome);
      await visitor.waitForHydration();
    }
    await page.getByRole('button', { name: 'Enable account' }).click();
    await expect(visitor.notice).toContainText(`${name} can sign in again.`);
  });

  test('an account is edited, and its old username stays reserved', async ({ visitor, server, person, complaints }) => {
    complaints.expect(/status of 422/);
    const { id } = JSON.parse(server.run(['user', 'show', person.name, '--json'])) as { id: string };
    await visitor.signsIn(newPerson(server, {}, ['--admin']));
    await visitor.open(`/admin/users/${id}`);
    const username = visitor.page.getByLabel('Username', { exact: true });
    await username.fill('no spaces');
    await visitor.page.getByRole('button', { name: 'Save' }).click();
    await expect(visitor.problem).toContainText('A username has letters and digits');
    await visitor.waitForHydration();
    await expect(username).toHaveValue('no spaces');
    await username.fill(`${person.name}.new`);
    await visitor.page.getByLabel('Full name').fill('Somebody Else');
    await visitor.page.getByRole('button', { name: 'Save' }).click();
    await expect(visitor.notice).toContainText('Saved.');
    await expect(visitor.page.getByRole('main')).toContainText(`Earlier usernames, reserved to this account: ${person.name}.`);
    await expect(visitor.page.getByRole('heading', { level: 1 })).toContainText('Somebody Else');
    await visitor.waitForHydration();
    await visitor.signsOut();
    await visitor.open('/login');
    await visitor.sends(`${person.name}.new`, person.password);
    await visitor.isWelcomed({ ...person, displayName: 'Somebody Else' });
  });

  test('the list of users fits a phone', async ({ visitor, server }) => {
    await visitor.page.setViewportSize({ width: 320, height: 640 });
    newPerson(server, { displayName: 'Wolfeschlegelsteinhausenbergerdorff '.repeat(3).trim() });
    await visitor.signsIn(newPerson(server, {}, ['--admin']));
    for (const path of ['/admin/users', '/admin/users/invite']) {
      await visitor.open(path);
      const width = await visitor.page.evaluate(() => document.documentElement.scrollWidth);
      expect(width, path).toBeLessThanOrEqual(320);
    }
  });
});

test('the link of an invitation is copied', async ({ visitor, server }) => {
  await visitor.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await visitor.signsIn(newPerson(server, {}, ['--admin']));
  await visitor.open('/admin/users/invite');
  await visitor.page.getByLabel('Username').fill(`hedy${Date.now()}`);
  await visitor.page.getByRole('button', { name: 'Create invitation link' }).click();
  const shown = visitor.notice;
  await expect(shown).toContainText('Copy this link now');
  await visitor.waitForHydration();
  await visitor.page.getByRole('button', { name: 'Copy link' }).click();
  await expect(shown).toContainText('Copied');
  const copied = await visitor.page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toBe(await shown.locator('code').textContent());
});

test('a username is suggested from the full name', async ({ visitor, server }) => {
  await visitor.signsIn(newPerson(server, {}, ['--admin']));
  await visitor.open('/admin/users/invite');
  const [fullName, username] = [visitor.page.getByLabel('Full name'), visitor.page.getByLabel('Username')];
  await fullName.fill('Zoë Müller');
  await expect(username).toHaveValue('zoe.muller');
  await fullName.fill('Grace Hopper');
  await expect(username).toHaveValue('grace.hopper');
  await username.fill('grace');
  await fullName.fill('Grace Brewster');
  await expect(username, 'what was typed is kept').toHaveValue('grace');
});

test('a second link in the tab of the first is read', async ({ visitor, server }) => {
  const name = `hedy${Date.now()}`;
  const made = () => server.run(['user', 'invite', name]).split('\n')[0]!;
  const [first, second] = [made(), made()];
  await opensLink(visitor, first);
  await expect(visitor.problem).toContainText('This link is incomplete, has expired or was already used.');
  await visitor.page.evaluate((hash) => location.assign(hash), new URL(second).hash);
  await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText(`Welcome, ${name}`);
  await expect(visitor.page).toHaveURL('/password-link?cookie-check');
  await visitor.waitForHydration();

  // A dead one after it: nobody is greeted.
  await visitor.page.evaluate((hash) => location.assign(hash), new URL(first).hash);
  await expect(visitor.problem).toContainText('This link is incomplete, has expired or was already used.');
  await expect(visitor.page.getByRole('main')).not.toContainText(name);
});
