import { EmailField, FunctionField, Show, SimpleShowLayout, TextField, useShowContext } from 'react-admin';
import type { User } from '../api';
import { Trouble } from '../layout/Trouble';
import { UserActions } from './UserActions';
import { UserSessions } from './UserSessions';
import { roleOf, UserState } from './UserState';

// The page says itself what went wrong; react-admin would go back to the list.
const queryOptions = { onError: () => {} };

export const UserShow = () => (
  <Show actions={false} queryOptions={queryOptions}>
    <Details />
  </Show>
);

function Details() {
  const { record: user, error, refetch } = useShowContext<User>();
  if (error) return <Trouble problem={error} onRetry={refetch} />;
  if (!user) return null;
  return (
    <>
      <SimpleShowLayout sx={{ overflowWrap: 'anywhere' }}>
        <TextField source="username" label="Username" />
        <TextField source="display_name" label="Full name" />
        <EmailField source="email" label="Email" emptyText="None" />
        <FunctionField<User> label="Role" render={roleOf} />
        <FunctionField<User> label="State" render={() => <UserState />} />
      </SimpleShowLayout>
      <UserActions user={user} />
      <UserSessions user={user} />
    </>
  );
}
