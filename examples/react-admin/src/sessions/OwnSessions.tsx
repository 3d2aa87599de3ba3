import { List, useListContext } from 'react-admin';
import type { Session } from '../api';
import { Trouble } from '../layout/Trouble';
import { SessionItems } from './SessionItems';

/** Where the caller is signed in. */
export const OwnSessions = () => (
  <List title="My sessions" actions={false} pagination={false} empty={false} exporter={false}>
    <Items />
  </List>
);

function Items() {
  const { data, error, refetch } = useListContext<Session>();
  if (error) return <Trouble problem={error} onRetry={refetch} />;
  return data ? <SessionItems resource="sessions" sessions={data} /> : null;
}
