import { expect, inEveryWay, newPerson, test, type Visitor } from '../fixtures';

const displayName = ({ page }: Visitor) => page.getByLabel('Full name');
const email = ({ page }: Visitor) => page.getByLabel('Email (optional)');
const save = ({ page }: Visitor) => page.getByRole('button', { name: 'Save' });
const NO_CONNECTION = 'There is no connection to the server.';

inEveryWay(() => {
  test('every wrong field is named at once, in the summary and at the field', async ({ visitor, person, complaints }) => {
    complaints.expect(/status of 422/);
    await visitor.signsIn(person);
    await visitor.open('/account/profile');
    await displayName(visitor).fill('n'.repeat(129));
    await email(visitor).fill('nonsense');
    await save(visitor).click();
    await expect(visitor.problem).toBeFocused();
    const links = visitor.problem.getByRole('link');
    await expect(links).toHaveText([/at most 128 characters/, /Enter an email address/]);
    await expect(displayName(visitor)).toHaveAccessibleDescription(/at most 128 characters/);
    await expect(email(visitor)).toHaveAccessibleDescription(/Enter an email address/);
    await expect(email(visitor)).toHaveAttribute('aria-invalid', 'true');
    const message = visitor.page.locator('#email-problem');
    const [above, below] = [await message.boundingBox(), await email(visitor).boundingBox()];
    expect(below!.y - above!.y - above!.height, 'the message stands right above its field').toBeLessThan(16);
    await links.last().click();
    await expect(email(visitor)).toBeFocused();
  });

  test('the summary stands in the card of its form', async ({ visitor, server, complaints }) => {
    complaints.expect(/status of 422/);
    await visitor.signsIn(newPerson(server, {}, ['--admin']));
    await visitor.open('/account/keys');
    await visitor.page.getByLabel('Name', { exact: true }).fill('x'.repeat(65));
    await visitor.page.getByLabel('Networks (optional)').fill('everywhere');
    await visitor.page.getByRole('button', { name: 'Create access key' }).click();
    await expect(visitor.problem.getByRole('link')).toHaveCount(3);
    const card = visitor.page.getByRole('region', { name: 'New access key' });
    await expect(card.getByRole('alert')).toBeVisible();
    await expect(card.getByRole('group', { name: 'Permissions' })).toContainText('permission');
  });
});

test('an old message goes when a form is sent', async ({ visitor, person, complaints }) => {
  complaints.expect(/status of 422/);
  await visitor.signsIn(person);
  await visitor.open('/account/profile');
  await save(visitor).click();
  const saved = visitor.page.getByText('Saved.');
  await expect(saved).toBeVisible();
  await visitor.waitForHydration();
  await email(visitor).fill('nonsense');
  await save(visitor).click();
  await expect(visitor.problem).toBeVisible();
  await expect(saved).toBeHidden();
});

test('without a connection the password stays, and the page says so beside the button', async ({
  visitor,
  person,
  complaints,
}) => {
  complaints.expect(/ERR_INTERNET_DISCONNECTED/);
  await visitor.open('/login');
  await visitor.context.setOffline(true);
  await visitor.sends(person.name, person.password);
  const message = visitor.page.getByText(NO_CONNECTION);
  await expect(message).toBeVisible();
  await expect(message).toHaveRole('alert');
  const button = visitor.signInButton;
  const [above, below] = [await button.boundingBox(), await message.boundingBox()];
  expect(below!.y - above!.y - above!.height, 'it stands beside the button').toBeLessThan(32);
  await expect(button).toHaveText('Sign in');
  await expect(button).not.toHaveAttribute('aria-busy', 'true');
  await expect(visitor.password).toHaveValue(person.password);
  await button.click();
  await expect(message, 'a second attempt leaves one message').toHaveCount(1);
  await visitor.context.setOffline(false);
  await expect(message).toHaveCount(0);
  await button.click();
  await visitor.isWelcomed(person);
});

test('a failure of the server keeps the password', async ({ visitor, person, complaints }) => {
  complaints.expect(/status of 503/);
  await visitor.open('/login');
  await visitor.page.route('**/api/login', (route) => route.fulfill({ status: 503, body: 'proxy' }));
  await visitor.sends(person.name, person.password);
  await expect(visitor.problem).toContainText('The service is not available right now.');
  await expect(visitor.password).toHaveValue(person.password);
  await visitor.page.unroute('**/api/login');
  await visitor.signInButton.click();
  await visitor.isWelcomed(person);
});

test('a failed sign-out is told beside its button, whose words stay', async ({ visitor, person, complaints }) => {
  complaints.expect(/status of 503/);
  await visitor.signsIn(person);
  await visitor.page.route('**/api/logout', (route) => route.fulfill({ status: 503, body: 'proxy' }));
  await visitor.pressesSignOut();
  await expect(visitor.problem.first()).toContainText('The service is not available right now.');
  await expect(visitor.signOutButton).toHaveText('Sign out');
});

test('a small button shows that it works', async ({ visitor, person, server }) => {
  await server.signsInElsewhere(person.name, person.password, 'Wget/1.25');
  await visitor.signsIn(person);
  await visitor.open('/account/sessions');
  let answer = () => {};
  const held = new Promise<void>((resolve) => (answer = resolve));
  await visitor.page.route('**/api/end_session', async (route) => {
    await held;
    await route.continue();
  });
  const button = visitor.page.getByRole('button', { name: /^Sign out\s?: / });
  await button.click();
  await expect(button).toHaveAttribute('aria-busy', 'true');
  answer();
  await expect(button).toHaveCount(0);
});
