import { expect, test } from '../fixtures';
import { changesPassword, visitAccount } from '../support/account';
import { haystacks, places } from '../support/haystack';

/** Storage that survives a page: a later user of the browser could read it (ASVS V14.3.3). */
const KEPT = ['document.cookie', 'cookieStore', 'localStorage', 'sessionStorage', 'indexedDB', 'caches', 'history', 'window.name'];

test('nothing about a person is kept in the browser, on any page', async ({ visitor, person, complaints }) => {
  complaints.expect(/status of 401/);
  const description = 'Counts on engines of every kind';
  const newPassword = 'quietly humming teapots';
  const everything = [person.name, person.displayName, person.email, description, person.password, newPassword];
  const nothingIsKept = async () => {
    const all = await haystacks(visitor.page);
    const kept = new Map([...all].filter(([place]) => KEPT.includes(place)));
    expect([...kept.keys()].sort()).toEqual([...KEPT].sort());
    expect(places(kept, ...everything)).toEqual([]);
    return all;
  };

  await visitor.open('/login');
  await visitor.sends(person.name, 'not the password at all');
  await expect(visitor.problem).toBeFocused();
  await nothingIsKept();

  await visitor.signsIn(person);
  const shown = await nothingIsKept();
  expect(places(shown, person.email), 'the search finds what is there').toContain('document');

  await visitAccount(visitor, 'Edit profile', 'Your profile');
  await visitor.page.getByLabel('Description (optional)').fill(description);
  await nothingIsKept();
  await visitor.page.getByRole('button', { name: 'Save' }).click();
  await expect(visitor.page.getByRole('status').first()).toHaveText('Saved.');
  await visitor.comesAlive();
  await nothingIsKept();

  await visitor.open('/dashboard');
  await visitAccount(visitor, 'Change password', 'Change your password');
  await changesPassword(visitor, person.password, newPassword);
  await expect(visitor.page.getByRole('status').first()).toContainText('Your password was changed.');
  await visitor.comesAlive();
  await nothingIsKept();

  await visitor.open('/logout');
  await visitor.signsOut();
  await nothingIsKept();
});
