import { expect, inEveryWay, newPerson, overTheWire, test, type Visitor } from '../fixtures';
import { gate } from '../support/gate';

const reason = (visitor: Visitor) => visitor.notice;

inEveryWay(() => {
  test.describe('with a short idle time', () => {
    test.use({ settings: { VESTIBULE_SESSION__IDLE_TIMEOUT: '4s' } });

    test('a timed-out session gives the reason, and leads back to the page', async ({ visitor, person, server }) => {
      await visitor.signsIn(person);
      await visitor.page.waitForTimeout(4_100);
      await visitor.page.goto('/dashboard?where=i+was');
      await visitor.isAskedToSignIn();
      await expect(reason(visitor)).toHaveText('You were signed out because you were inactive. Sign in to continue.');
      await visitor.sends(person.name, person.password);
      await expect(visitor.page).toHaveURL('/dashboard?where=i+was');
      expect(server.sessions(person.name)[1]?.end_reason).toBe('idle');
    });
  });

  test.describe('with a short time limit', () => {
    test.use({ settings: { VESTIBULE_SESSION__IDLE_TIMEOUT: '4s', VESTIBULE_SESSION__ABSOLUTE_TIMEOUT: '4s' } });

    test('a session that reached it gives the reason', async ({ visitor, person }) => {
      await visitor.signsIn(person);
      await visitor.page.waitForTimeout(4_100);
      await visitor.reload();
      await visitor.isAskedToSignIn();
      await expect(reason(visitor)).toContainText('your session reached its time limit');
    });
  });

  test('a session that an administrator ended is refused at its next request', async ({ visitor, person, server }) => {
    await visitor.signsIn(person);
    const [session] = server.liveSessions(person.name);
    server.run(['session', 'end', session!.id]);
    await visitor.reload();
    await visitor.isAskedToSignIn();
    await expect(reason(visitor)).toContainText('An administrator signed you out.');
    await visitor.sends(person.name, person.password);
    await visitor.isWelcomed(person);
  });

  test('a disabled account is signed out at once, and cannot sign in again', async ({ visitor, person, server, complaints }) => {
    complaints.expect(/status of 401/);
    await visitor.signsIn(person);
    server.run(['user', 'disable', person.name]);
    await visitor.reload();
    await visitor.isAskedToSignIn();
    await visitor.sends(person.name, person.password);
    await expect(visitor.problem).toContainText('Wrong username or password');
  });

  test('a new password ends the sessions of the old one', async ({ visitor, person, server }) => {
    await visitor.signsIn(person);
    server.run(['user', 'set-password', person.name, '--password-stdin'], 'another horse battery\n');
    await visitor.reload();
    await expect(reason(visitor)).toContainText('your password was changed');
    await visitor.waitForHydration();
    await visitor.sends(person.name, 'another horse battery');
    await visitor.isWelcomed(person);
  });

  test('a dead cookie causes no loop, and is kept', async ({ visitor, person, server }) => {
    await visitor.signsIn(person);
    const cookie = await visitor.sessionCookie();
    // In this way no page leaves by itself.
    await visitor.page.goto('/healthz');
    server.run(['session', 'end', '--user', person.name]);
    for (const path of ['/', '/dashboard', '/login', '/logout', '/signed-out']) await visitor.open(path);
    expect(await visitor.sessionCookie()).toEqual(cookie);
  });

  test('signing out in one tab is signing out in all of them', async ({ visitor, person }) => {
    await visitor.signsIn(person);
    const other = await visitor.newTab();
    await other.open('/dashboard');
    await other.isWelcomed(person);
    await visitor.signsOut();
    // By itself if its script works: together.spec.ts.
    if (other.way === 'hydrated') await expect(other.page).toHaveURL('/signed-out');
    await other.open('/dashboard');
    await other.isAskedToSignIn();
    await expect(other.page.getByText(person.displayName)).toHaveCount(0);
  });

  test('the same person can sign in in two tabs that were both open', async ({ visitor, person, server }) => {
    const other = await visitor.newTab();
    await visitor.open('/login');
    await other.open('/login');
    await other.sends(person.name, person.password);
    await other.isWelcomed(person);
    await visitor.sends(person.name, person.password);
    await visitor.isWelcomed(person);
    await other.reload();
    await other.isWelcomed(person);
    expect(server.sessions(person.name).map((session) => session.end_reason)).toEqual([null, 'replaced']);
  });

  test('a tab that shows another person is led to the new one at its next request', async ({ visitor, person, server }) => {
    const grace = newPerson(server, { displayName: 'Grace Hopper' });
    await visitor.signsIn(person);
    const other = await visitor.newTab();
    await other.open('/dashboard');
    await other.signsOut();
    await other.signsIn(grace);
    await visitor.reload();
    await visitor.isWelcomed(grace);
    await expect(visitor.page.getByText(person.displayName)).toHaveCount(0);
  });

  test.describe('on a slow line', () => {
    test.use(overTheWire);

    test('a late answer to an old cookie does not undo a newer sign-in', async ({ visitor, person, server, wire }) => {
      await visitor.signsIn(person);
      // In this way no page leaves by itself.
      await visitor.page.goto('/healthz');
      server.run(['session', 'end', '--user', person.name]);
      // The first tab requests a page with the dead cookie, and its answer is delayed …
      const { opened, open } = gate();
      let held = 0;
      wire.transform = async ({ url }) => {
        if (url !== '/dashboard?late') return;
        held++;
        await opened;
      };
      const late = visitor.page.goto('/dashboard?late');
      await expect.poll(() => held).toBe(1);
      // … while the second signs in.
      const other = await visitor.newTab();
      await other.signsIn(person);
      const cookie = await other.sessionCookie();
      open();
      await late;
      await visitor.isWelcomed(person);
      expect(await visitor.sessionCookie()).toEqual(cookie);
      await other.reload();
      await other.isWelcomed(person);
    });
  });
});
