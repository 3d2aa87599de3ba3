import { expect, test, type Visitor } from '../fixtures';
import { gate } from '../support/gate';

const reveal = ({ page }: Visitor) => page.getByRole('button', { name: 'Show password' });
const conceal = ({ page }: Visitor) => page.getByRole('button', { name: 'Hide password' });

test('the password can be shown, and the field keeps focus and caret', async ({ visitor }) => {
  await visitor.open('/login');
  await visitor.password.fill('abcdef');
  await visitor.password.evaluate((input: HTMLInputElement) => input.setSelectionRange(3, 3));
  await reveal(visitor).click();
  await expect(visitor.password).toHaveAttribute('type', 'text');
  await expect(visitor.password).toBeFocused();
  await visitor.page.keyboard.type('X');
  await expect(visitor.password).toHaveValue('abcXdef');
  await conceal(visitor).click();
  await expect(visitor.password).toHaveAttribute('type', 'password');
  await expect(visitor.password).toBeFocused();
  await visitor.page.keyboard.type('Y');
  await expect(visitor.password).toHaveValue('abcXYdef');
});

test('the button that shows it works by key and sends nothing', async ({ visitor }) => {
  await visitor.open('/login');
  await visitor.types('ada', 'abcdef');
  await visitor.page.keyboard.press('Tab');
  await expect(reveal(visitor)).toBeFocused();
  await visitor.page.keyboard.press('Enter');
  await expect(conceal(visitor)).toBeFocused();
  await expect(visitor.password).toHaveAttribute('type', 'text');
  await visitor.page.keyboard.press('Space');
  await expect(visitor.password).toHaveAttribute('type', 'password');
  await expect(visitor.page).toHaveURL('/login');
});

test('a shown password is hidden again when it is sent', async ({ visitor, person, complaints }) => {
  complaints.expect(/status of 401/);
  await visitor.open('/login');
  const { opened, open } = gate();
  await visitor.page.route('**/api/login', async (route) => {
    await opened;
    await route.continue();
  });
  await visitor.types(person.name, 'not the password at all');
  await reveal(visitor).click();
  await visitor.signInButton.click();
  await expect(visitor.password).toHaveAttribute('type', 'password');
  await expect(visitor.password).toHaveValue('not the password at all');
  open();
  await expect(visitor.problem).toBeVisible();
  await expect(visitor.password).toHaveAttribute('type', 'password');
});

test('Caps Lock shows a polite hint while it matters', async ({ visitor }) => {
  await visitor.open('/login');
  const hint = visitor.page.locator('#password-caps');
  await expect(hint).toHaveRole('status');
  const press = (modifierCapsLock: boolean) =>
    visitor.password.evaluate(
      (input, modifierCapsLock) =>
        input.dispatchEvent(new KeyboardEvent('keydown', { key: 'A', bubbles: true, modifierCapsLock })),
      modifierCapsLock,
    );
  await visitor.password.focus();
  await expect(hint).toBeEmpty();
  await press(true);
  await expect(hint).toHaveText('Caps Lock is on.');
  await expect(visitor.password).toHaveAccessibleDescription('Caps Lock is on.');
  await press(false);
  await expect(hint).toBeEmpty();
  await press(true);
  await visitor.name.focus();
  await expect(hint).toBeEmpty();
});

test.describe('without JavaScript', () => {
  test.use({ way: 'without JavaScript' });

  test('there is no button that could not work', async ({ visitor }) => {
    await visitor.open('/login');
    await expect(visitor.page.getByText('Show', { exact: true })).toBeHidden();
  });
});
