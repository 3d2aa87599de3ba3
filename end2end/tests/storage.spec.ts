import { expect, test } from '../fixtures';
import { changesPassword, visitAccount } from '../support/account';
import { haystacks, sourcesWith } from '../support/haystack';

/** Storage that survives a page: a later user of the browser could read it (ASVS V14.3.3). */
const STORES = ['document.cookie', 'cookieStore', 'localStorage', 'sessionStorage', 'indexedDB', 'caches', 'history', 'window.name'];

test('nothing about a person is kept in the browser, on any page', async ({ visitor, person, complaints }) => {
  complaints.expect(/status of 401/);
  const description = 'Counts on engines of every kind';
  const newPassword = 'quietly humming teapots';
  const everything = [person.name, person.displayName, person.email, description, person.password, newPassword];
  const assertNothingStored = async () => {
    const all = await haystacks(visitor.page);
    const kept = new Map([...all].filter(([source]) => STORES.includes(source)));
    expect([...kept.keys()].sort()).toEqual([...STORES].sort());
    expect(sourcesWith(kept, ...everything)).toEqual([]);
    return all;
  };

  await visitor.open('/login');
  await visitor.sends(person.name, 'not the password at all');
  await expect(visitor.problem).toBeFocused();
  await assertNothingStored();

  await visitor.signsIn(person);
  const shown = await assertNothingStored();
  expect(sourcesWith(shown, person.email), 'the search finds what is there').toContain('document');

  await visitAccount(visitor, 'Edit profile', 'Your profile');
  await visitor.page.getByLabel('Description (optional)').fill(description);
  await assertNothingStored();
  await visitor.page.getByRole('button', { name: 'Save' }).click();
  await expect(visitor.notice).toHaveText('Saved.');
  await visitor.waitForHydration();
  await assertNothingStored();

  await visitor.open('/dashboard');
  await visitAccount(visitor, 'Change password', 'Change your password');
  await changesPassword(visitor, person.password, newPassword);
  await expect(visitor.notice).toContainText('Password changed.');
  await visitor.waitForHydration();
  await assertNothingStored();

  await visitor.open('/logout');
  await visitor.signsOut();
  await assertNothingStored();
});
