import { expect, inEveryWay, test, type Visitor } from '../fixtures';
import { titled } from '../support/site';

/** Each has a server of its own without any account. */
test.use({ settings: {} });

const PASSWORD = 'correct horse battery';

async function fillsIn({ page }: Visitor, code: string, name: string, password: string): Promise<void> {
  await page.getByLabel('One-time code').fill(code);
  await page.getByLabel('Full name').fill('Ada Lovelace');
  await page.getByLabel('Username').fill(name);
  await page.getByLabel('Password', { exact: true }).fill(password);
}

const makes = ({ page }: Visitor) => page.getByRole('button', { name: 'Create account' }).click();

inEveryWay(() => {
  test('the printed code makes the first account', async ({ visitor, server, complaints }) => {
    complaints.expect(/status of 404/);
    await visitor.open('/');
    const code = /one-time code (\S+)/.exec(server.log)![1]!;
    await visitor.page.getByRole('link', { name: 'Create the first account' }).click();
    await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('Create the first account');
    await visitor.waitForHydration();
    await fillsIn(visitor, code.toLowerCase().replaceAll('-', ' '), 'first', PASSWORD);
    await makes(visitor);
    const person = { name: 'first', displayName: 'Ada Lovelace', email: '', password: PASSWORD };
    await visitor.isWelcomed(person);
    await expect(visitor.page.getByText('Administrator', { exact: true })).toBeVisible();
    const notice = visitor.notice;
    await expect(notice).toContainText('Your account is ready');
    await expect(notice.getByRole('link', { name: 'Invite a user' })).toHaveAttribute('href', '/admin/users/invite');

    const gone = await visitor.page.goto('/setup');
    expect(gone?.status()).toBe(404);
    await visitor.open('/dashboard');
    await expect(visitor.page.getByRole('main'), 'once').not.toContainText('Your account is ready');
    await visitor.signsOut();
    await visitor.signsIn(person);
  });

  test('a refusal gives the reason, and only secrets are entered again', async ({ visitor, server, complaints, way }) => {
    complaints.expect(/status of 422/);
    const code = server.run(['setup-code']).trim();
    await visitor.open('/setup');
    await fillsIn(visitor, '00000-00000-00000-00000', 'first', PASSWORD);
    await makes(visitor);
    await expect(visitor.problem).toBeFocused();
    await expect(visitor.problem).toContainText('Wrong or expired code.');
    await expect(visitor.page).toHaveTitle(titled('Error: Create the first account'));
    await expect(visitor.page.getByLabel('Username')).toHaveValue('first');
    await expect(visitor.password).toHaveValue('');
    await visitor.problem.getByRole('link').click();
    await expect(visitor.page.getByLabel('One-time code')).toBeFocused();

    await visitor.waitForHydration();
    await fillsIn(visitor, code, 'first', 'passwordpassword');
    await makes(visitor);
    await expect(visitor.problem).toContainText('too common');
    await expect(visitor.page.getByLabel('One-time code')).toHaveValue(way === 'hydrated' ? code : '');
    await visitor.waitForHydration();
    await fillsIn(visitor, code, 'first', PASSWORD);
    await makes(visitor);
    await expect(visitor.page).toHaveURL('/dashboard');
  });
});
