import { useEffect } from 'react';
import { AppBar, Layout as DefaultLayout, UserMenu, useNotify, type LayoutProps } from 'react-admin';
import { useSession } from '../session/session';
import { SignOutItem } from './SignOutItem';

const Menu = () => (
  <UserMenu>
    <SignOutItem />
  </UserMenu>
);

const Bar = () => <AppBar userMenu={<Menu />} />;

export function Layout(props: LayoutProps) {
  const session = useSession();
  const notify = useNotify();
  const notice = session.state === 'signed in' && session.notice;
  useEffect(() => {
    if (notice) notify(notice, { autoHideDuration: null });
  }, [notice, notify]);
  return <DefaultLayout {...props} appBar={Bar} />;
}
