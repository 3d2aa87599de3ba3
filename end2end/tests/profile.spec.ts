import { expect, inEveryWay, newPerson, test, type Visitor } from '../fixtures';
import { visitAccount } from '../support/account';
import { titled } from '../support/site';

const displayName = ({ page }: Visitor) => page.getByLabel('Full name');
const email = ({ page }: Visitor) => page.getByLabel('Email (optional)');
const description = ({ page }: Visitor) => page.getByLabel('Description (optional)');
const save = ({ page }: Visitor) => page.getByRole('button', { name: 'Save' }).click();

inEveryWay(() => {
  test('saved values are shown', async ({ visitor, person }) => {
    await visitor.signsIn(person);
    await visitAccount(visitor, 'Edit profile', 'Your profile');
    await expect(displayName(visitor)).toHaveValue(person.displayName);
    await expect(email(visitor)).toHaveValue(person.email);
    await displayName(visitor).fill('Augusta King');
    await email(visitor).fill(`new-${person.email}`);
    await description(visitor).fill('Counts on <b>engines</b>');
    await save(visitor);
    await expect(visitor.notice).toHaveText('Saved.');
    await expect(description(visitor)).toHaveValue('Counts on <b>engines</b>');
    const nav = visitor.page.getByRole('navigation', { name: 'Main' });
    await expect(nav.getByRole('link', { name: 'Profile' })).toHaveAttribute('aria-current', 'page');
    await nav.getByRole('link', { name: 'Overview' }).click();
    await visitor.isWelcomed({ ...person, displayName: 'Augusta King' });
    const account = visitor.page.getByRole('region', { name: 'Your account' });
    await expect(account).toContainText(`new-${person.email}`);
    await expect(account).toContainText('Counts on <b>engines</b>');
  });

  test('a refusal gives the reason, and the input stays', async ({ visitor, person, server, complaints }) => {
    complaints.expect(/status of 422/);
    const eve = newPerson(server);
    await visitor.signsIn(person);
    await visitor.open('/account/profile');
    await displayName(visitor).fill('Augusta King');
    await email(visitor).fill(eve.email.toUpperCase());
    await description(visitor).fill('x'.repeat(1_000));
    await save(visitor);
    await expect(visitor.problem).toBeFocused();
    await expect(visitor.problem).toContainText('This email address belongs to another account.');
    await expect(visitor.page).toHaveTitle(titled('Error: Your profile'));
    await expect(displayName(visitor)).toHaveValue('Augusta King');
    await expect(email(visitor)).toHaveValue(eve.email.toUpperCase());
    await expect(description(visitor)).toHaveValue('x'.repeat(1_000));
    await expect(email(visitor)).toHaveAttribute('aria-invalid', 'true');
    await expect(displayName(visitor)).not.toHaveAttribute('aria-invalid');

    await visitor.waitForHydration();
    await email(visitor).fill('');
    await displayName(visitor).fill('n'.repeat(129));
    await save(visitor);
    await expect(visitor.problem).toContainText('at most 128 characters');
    await visitor.problem.getByRole('link').click();
    await expect(displayName(visitor)).toBeFocused();
    await displayName(visitor).fill('Augusta King');
    await visitor.waitForHydration();
    await save(visitor);
    await expect(visitor.notice).toHaveText('Saved.');
    await expect(visitor.personButton).toContainText('Augusta King');
  });
});
