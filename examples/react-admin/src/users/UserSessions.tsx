import { Box, Button, Typography } from '@mui/material';
import { useCanAccess, useDataProvider, useGetList } from 'react-admin';
import type { Session, User } from '../api';
import type { Provider } from '../dataProvider';
import { useAct } from '../layout/useAct';
import { Trouble } from '../layout/Trouble';
import { SessionItems } from '../sessions/SessionItems';

/** Where somebody is signed in. */
export function UserSessions({ user }: { user: User }) {
  const resource = `users/${user.id}/sessions`;
  const dataProvider = useDataProvider<Provider>();
  const { data, error, refetch } = useGetList<Session>(resource);
  const { canAccess: canEnd } = useCanAccess({ resource, action: 'delete' });
  const [busy, act] = useAct();
  if (error) return <Trouble problem={error} onRetry={refetch} />;
  if (!data) return null;
  const endAll = () => act(() => dataProvider.deleteAll(resource), 'All sessions ended.');
  return (
    <Box component="section" aria-labelledby="sessions">
      <Box sx={{ display: 'flex', justifyContent: 'space-between', px: 2, pt: 2 }}>
        <Typography id="sessions" component="h2" variant="h6">
          Sessions
        </Typography>
        {canEnd && data.length > 0 && (
          <Button size="small" color="error" loading={busy} onClick={endAll}>
            End all
          </Button>
        )}
      </Box>
      <SessionItems resource={resource} sessions={data} />
    </Box>
  );
}
