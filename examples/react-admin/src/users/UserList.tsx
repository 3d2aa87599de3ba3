import { useMediaQuery, type Theme } from '@mui/material';
import { CreateButton, DataTable, List, SearchInput, SimpleList, TopToolbar } from 'react-admin';
import type { User } from '../api';
import { Pager } from './Pager';
import { roleOf, UserState } from './UserState';

// The API finds accounts by the beginnings of words of their names and email addresses.
const filters = [<SearchInput key="filter" source="filter" alwaysOn placeholder="Search by name or email" />];

const actions = (
  <TopToolbar>
    <CreateButton label="Invite" />
  </TopToolbar>
);

// The API has this order and its reverse.
const byName = { field: 'username', order: 'ASC' } as const;

export const UserList = () => (
  <List filters={filters} actions={actions} sort={byName} pagination={<Pager />} exporter={false} perPage={25} empty={false}>
    <Users />
  </List>
);

/** Names have no spaces where they could be wrapped. */
const WRAPPED = { overflowWrap: 'anywhere' };

function Users() {
  const isNarrow = useMediaQuery<Theme>((theme) => theme.breakpoints.down('sm'));
  if (isNarrow) {
    return (
      <SimpleList<User>
        linkType="show"
        primaryText={(user) => user.display_name}
        secondaryText={(user) => `${user.username} · ${roleOf(user)}`}
        tertiaryText={() => <UserState />}
        sx={WRAPPED}
      />
    );
  }
  return (
    <DataTable<User> bulkActionButtons={false} rowClick="show" sx={WRAPPED}>
      <DataTable.Col source="username" label="Username" />
      <DataTable.Col source="display_name" label="Full name" disableSort />
      <DataTable.Col source="email" label="Email" disableSort />
      <DataTable.Col label="Role" render={roleOf} sx={{ whiteSpace: 'nowrap' }} />
      <DataTable.Col label="State">
        <UserState />
      </DataTable.Col>
    </DataTable>
  );
}
