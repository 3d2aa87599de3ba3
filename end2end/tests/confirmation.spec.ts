import { expect, inEveryWay, test } from '../fixtures';

inEveryWay(() => {
  test.describe('when the confirmation has expired', () => {
    test.use({ settings: { VESTIBULE_SESSION__CONFIRM_AFTER: '4s' } });

    test('a new email address asks for the password, and keeps the input', async ({ visitor, person, complaints }) => {
      complaints.expect(/status of 403/);
      await visitor.signsIn(person);
      await visitor.open('/account/profile');
      const before = await visitor.sessionCookie();
      await visitor.page.waitForTimeout(4_100);
      await visitor.page.getByLabel('Email (optional)').fill('new@example.org');
      await visitor.page.getByLabel('Description').fill('typed before');
      await visitor.page.getByRole('button', { name: 'Save' }).click();
      await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('Confirm your password');
      await visitor.waitForHydration();
      await visitor.password.fill(person.password);
      await visitor.page.getByRole('button', { name: 'Confirm' }).click();
      await expect(visitor.notice).toHaveText('Not saved yet. Check your input, then press “Save”.');
      await visitor.waitForHydration();
      await expect(visitor.page.getByLabel('Email (optional)')).toHaveValue('new@example.org');
      await expect(visitor.page.getByLabel('Description')).toHaveValue('typed before');
      expect((await visitor.sessionCookie())?.value).not.toBe(before?.value);
      await visitor.page.getByRole('button', { name: 'Save' }).click();
      await expect(visitor.notice).toHaveText('Saved.');
    });
  });
});
