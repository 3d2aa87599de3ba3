import { expect, test, type Visitor } from '../fixtures';

const VIEWER = '/api/docs';

/** The element of an operation, open, with its button “Execute”. */
async function opened({ page }: Visitor, operation: string) {
  const block = page.locator(`#operations-${operation}`);
  await block.getByRole('button').first().click();
  await block.getByRole('button', { name: 'Try it out' }).click();
  return block;
}

/** Executes `GET /api/v1/me`, and reads the answer. */
async function asksWho(visitor: Visitor): Promise<{ status: string; answer: string }> {
  const operation = await opened(visitor, 'me-readMe');
  await operation.getByRole('button', { name: 'Execute' }).click();
  const answer = operation.locator('.live-responses-table .response').first();
  const status = (await answer.locator('.response-col_status').innerText()).trim();
  return { status, answer: await answer.locator('.highlight-code').first().innerText() };
}

const dialog = ({ page }: Visitor) => page.locator('.modal-ux');

async function opensAuthorize(visitor: Visitor) {
  await visitor.page.locator('.auth-wrapper .authorize').click();
  await expect(dialog(visitor)).toContainText('Available authorizations');
}

test.describe('of a browser that is signed in', () => {
  test('requests use its session', async ({ visitor, person }) => {
    await visitor.signsIn(person);
    await visitor.page.goto(VIEWER);
    await expect(visitor.page.getByText('You are signed in')).toBeVisible();
    const { status, answer } = await asksWho(visitor);
    expect(status).toContain('200');
    expect(answer).toContain(`"username": "${person.name}"`);
  });

  test('it offers no password form, and keeps the session', async ({ visitor, person, server, complaints }) => {
    complaints.expect(/status of 409/);
    await visitor.signsIn(person);
    const [session] = server.liveSessions(person.name);
    await visitor.page.goto(VIEWER);
    await opensAuthorize(visitor);
    await expect(dialog(visitor).getByRole('heading', { level: 4 })).toHaveText([/^key/]);
    // A viewer that was open before somebody signed in still has the form, which is refused.
    const answer = await visitor.page.evaluate(
      async ({ name: username, password }) => {
        const body = new URLSearchParams({ grant_type: 'password', username, password });
        return (await fetch('/api/v1/token', { method: 'POST', body })).status;
      },
      person,
    );
    expect(answer).toBe(409);
    expect(server.liveSessions(person.name)).toEqual([session]);
  });
});

test.describe('for everybody', () => {
  test.use({ settings: { VESTIBULE_API__PUBLIC_DOCS: 'true' } });

  test('“Authorize” signs in by name and password', async ({ visitor, person, server, complaints }) => {
    complaints.expect(/status of 401/);
    await visitor.page.goto(VIEWER);
    expect((await asksWho(visitor)).status).toContain('401');
    await visitor.page.reload();
    await opensAuthorize(visitor);
    await expect(dialog(visitor).getByRole('heading', { level: 4 })).toHaveText([/^key/, /^token/]);
    await visitor.page.getByLabel('username:').fill(person.name);
    await visitor.page.getByLabel('password:', { exact: true }).fill('not the password at all');
    await visitor.page.locator('.scopes .checkbox label[for^="profile:read"]').click();
    const authorize = dialog(visitor).getByRole('button', { name: 'Apply given OAuth2 credentials' });
    await authorize.click();
    await expect(dialog(visitor).locator('.errors')).toBeVisible();
    await visitor.page.getByLabel('password:', { exact: true }).fill(person.password);
    await authorize.click();
    await expect(dialog(visitor)).toContainText('Authorized');
    await dialog(visitor).locator('.close-modal').click();
    const request = visitor.page.waitForRequest('**/api/v1/me');
    const { status, answer } = await asksWho(visitor);
    expect(status).toContain('200');
    expect(answer).toContain(`"username": "${person.name}"`);
    expect((await request).headers()['authorization']).toMatch(/^Bearer eyJ/);
    expect(server.liveSessions(person.name)).toHaveLength(1);
  });

  test('“Authorize” takes an access key', async ({ visitor, person, server }) => {
    const key = server.run(['key', 'create', person.name, '--name', 'x', '--scope', 'profile:read']).trim();
    await visitor.page.goto(VIEWER);
    await opensAuthorize(visitor);
    await visitor.page.getByLabel('auth-bearer-value').fill(key);
    await dialog(visitor).getByRole('button', { name: 'Apply credentials' }).first().click();
    await dialog(visitor).locator('.close-modal').click();
    const { status, answer } = await asksWho(visitor);
    expect(status).toContain('200');
    expect(answer).toContain(`"username": "${person.name}"`);
    expect(await visitor.sessionCookie(), 'a key starts no session').toBeUndefined();
  });
});
