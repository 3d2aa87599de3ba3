import { Button, Chip, List, ListItem, ListItemText } from '@mui/material';
import { useCanAccess, useDataProvider } from 'react-admin';
import type { Session } from '../api';
import type { Provider } from '../dataProvider';
import { useAct } from '../layout/useAct';

type Props = { resource: string; sessions: Session[] };

/** Live sessions, and a button to end each of them. */
export function SessionItems({ resource, sessions }: Props) {
  const { canAccess: canEnd } = useCanAccess({ resource, action: 'delete' });
  if (sessions.length === 0) return <ListItemText sx={{ p: 2 }}>No active sessions.</ListItemText>;
  return (
    <List disablePadding>
      {sessions.map((session) => (
        <ListItem key={session.id} divider sx={{ gap: 2, flexWrap: 'wrap' }}>
          <ListItemText
            primary={session.device || 'Unknown device'}
            secondary={`${session.address} · last used ${when(session.last_seen_at)} · since ${when(session.created_at)}`}
          />
          {/* One's own is ended by signing out. */}
          {session.current && <Chip label="This browser" size="small" />}
          {canEnd && !session.current && <EndButton resource={resource} session={session} />}
        </ListItem>
      ))}
    </List>
  );
}

function EndButton({ resource, session }: { resource: string; session: Session }) {
  const dataProvider = useDataProvider<Provider>();
  const [busy, act] = useAct();
  const end = () => act(() => dataProvider.delete(resource, { id: session.id }), 'Session ended.');
  return (
    <Button size="small" color="error" loading={busy} onClick={end} aria-label={`End session: ${session.device}`}>
      End
    </Button>
  );
}

const when = (instant: string) => new Date(instant).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
