import { expect, inEveryWay, test } from '../fixtures';
import { titled } from '../support/site';

inEveryWay(() => {
  test('signing out ends the session permanently and names the person', async ({ visitor, person, server }) => {
    await visitor.signsIn(person);
    const before = await visitor.sessionCookie();
    await visitor.signsOut();
    await expect(visitor.page).toHaveURL('/signed-out');
    await expect(visitor.page).toHaveTitle(titled('You are signed out'));
    await expect(visitor.page.getByRole('main')).toContainText(`Account: ${person.displayName}`);
    await expect(visitor.page.getByRole('main')).toContainText('Other devices may still be signed in');
    // The remaining cookie gives this browser its own failure counter, and signs nobody in.
    expect((await visitor.context.cookies()).map((cookie) => cookie.name)).toEqual(['__Host-Http-device']);
    expect(server.sessions(person.name).map((session) => session.end_reason)).toEqual(['signed_out']);

    // A copy of the cookie is worthless.
    await visitor.context.addCookies([before!]);
    await visitor.open('/dashboard');
    await visitor.isAskedToSignIn();
    await expect(visitor.notice).toContainText('You signed out in this browser.');
  });

  test('one can sign in again from there', async ({ visitor, person }) => {
    await visitor.signsIn(person);
    await visitor.signsOut();
    await visitor.page.getByRole('link', { name: 'Sign in again' }).click();
    await visitor.isAskedToSignIn();
    await visitor.sends(person.name, person.password);
    await visitor.isWelcomed(person);
  });

  test('the name is gone when the page is loaded again', async ({ visitor, person }) => {
    await visitor.signsIn(person);
    await visitor.signsOut();
    await visitor.page.reload();
    await visitor.waitForHydration();
    await expect(visitor.page.getByRole('main')).not.toContainText(person.displayName);
  });

  test('opening /logout only asks', async ({ visitor, person, server }) => {
    await visitor.signsIn(person);
    await visitor.open('/logout');
    await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('Sign out?');
    await expect(visitor.page.getByRole('main')).toContainText(person.displayName);
    await visitor.page.getByRole('link', { name: 'Stay signed in' }).click();
    await visitor.isWelcomed(person);
    expect(server.liveSessions(person.name)).toHaveLength(1);

    await visitor.open('/logout');
    await visitor.signsOut();
    expect(server.liveSessions(person.name)).toHaveLength(0);
  });

  test('a signed-out visitor gets a notice at /logout', async ({ visitor, person }) => {
    await visitor.open('/logout');
    await expect(visitor.page.getByRole('heading', { level: 1 })).toHaveText('You are not signed in');
    await expect(visitor.page.getByRole('button', { name: 'Sign out' })).toHaveCount(0);
    await expect(visitor.personButton).toHaveCount(0);
    await visitor.page.getByRole('link', { name: 'Sign in' }).click();
    await visitor.isAskedToSignIn();
    await visitor.sends(person.name, person.password);
    await visitor.isWelcomed(person);
  });

  test('signing out of a session that is dead already succeeds', async ({ visitor, person, server, complaints }) => {
    await visitor.signsIn(person);
    // The page has not been notified of it yet.
    complaints.expect(/net::ERR_FAILED/);
    await visitor.page.route('**/session/events', (route) => route.abort());
    await visitor.open('/dashboard');
    server.run(['session', 'end', '--user', person.name]);
    await visitor.signsOut();
    expect(await visitor.sessionCookie()).toBeUndefined();
  });

  test('other browsers stay signed in', async ({ visitor, another, person }) => {
    const elsewhere = await another();
    await elsewhere.signsIn(person);
    await visitor.signsIn(person);
    await visitor.signsOut();
    await elsewhere.open('/dashboard');
    await elsewhere.isWelcomed(person);
  });
});

test('a lost connection is reported, and one can retry', async ({ visitor, person, complaints, server }) => {
  complaints.expect(/net::ERR_FAILED/);
  await visitor.signsIn(person);
  await visitor.page.route('**/api/logout', (route) => route.abort());
  await visitor.pressesSignOut();
  await expect(visitor.problem).toContainText('There is no connection to the server.');
  await expect(visitor.signOutButton).toHaveText('Sign out');
  expect(server.liveSessions(person.name)).toHaveLength(1);
  await visitor.page.unroute('**/api/logout');
  await visitor.signsOut();
  expect(server.liveSessions(person.name)).toHaveLength(0);
});
