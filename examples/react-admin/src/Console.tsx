import { QueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { Admin, memoryStore, Resource } from 'react-admin';
import DevicesIcon from '@mui/icons-material/Devices';
import PeopleIcon from '@mui/icons-material/People';
import type { Me } from './api';
import { authProviderFor } from './authProvider';
import { makeDataProvider } from './dataProvider';
import { Layout } from './layout/Layout';
import { OwnSessions } from './sessions/OwnSessions';
import { followSession } from './session/follow';
import { leave } from './session/session';
import { darkTheme, lightTheme } from './theme';
import { InviteUser } from './users/InviteUser';
import { UserList } from './users/UserList';
import { UserShow } from './users/UserShow';

const users = {
  name: 'users',
  icon: PeopleIcon,
  recordRepresentation: 'username',
  list: UserList,
  show: UserShow,
  create: InviteUser,
};

/** What react-admin shows to one person, in one session. Everything that it remembers ends with it. */
export function Console({ me }: { me: Me }) {
  const [parts] = useState(() => ({
    authProvider: authProviderFor(me),
    dataProvider: makeDataProvider(),
    queryClient: makeQueryClient(),
    // react-admin would keep what people filter by in localStorage.
    store: memoryStore(),
  }));
  const administers = me.credential.scopes.includes('users:read');
  useEffect(() => followSession(leave), []);

  return (
    <Admin {...parts} title="Accounts" layout={Layout} theme={lightTheme} darkTheme={darkTheme} disableTelemetry>
      {administers && <Resource {...users} />}
      <Resource name="sessions" icon={DevicesIcon} options={{ label: 'My sessions' }} list={OwnSessions} />
    </Admin>
  );
}

/** Requests are sent when the person acts: a refresh counts as use of the session. Problems are shown, not repeated. */
function makeQueryClient(): QueryClient {
  const queries = { networkMode: 'always', retry: false, refetchOnWindowFocus: false, refetchOnReconnect: false } as const;
  return new QueryClient({ defaultOptions: { queries, mutations: { networkMode: 'always' } } });
}
