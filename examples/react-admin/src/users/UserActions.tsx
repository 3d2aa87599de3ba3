import { Button, Stack } from '@mui/material';
import { CanAccess, DeleteWithConfirmButton, useDataProvider } from 'react-admin';
import type { User, UserChange } from '../api';
import type { Provider } from '../dataProvider';
import { useAct } from '../layout/useAct';
import { useExplain } from '../layout/useExplain';

/** What an administrator may do with an account. */
export function UserActions({ user }: { user: User }) {
  const explain = useExplain();
  return (
    <CanAccess action="edit">
      <Stack direction="row" useFlexGap sx={{ flexWrap: 'wrap', gap: 1, p: 2, pt: 0 }}>
        {user.state === 'disabled' ? (
          <ChangeButton user={user} change={{ disabled: false }} label="Enable" done="Enabled." />
        ) : (
          <ChangeButton user={user} change={{ disabled: true }} label="Disable" done="Disabled. All sessions ended." />
        )}
        {user.administrator ? (
          <ChangeButton user={user} change={{ administrator: false }} label="Remove administrator role" done="Role removed." />
        ) : (
          <ChangeButton user={user} change={{ administrator: true }} label="Make administrator" done="Role given." />
        )}
        <DeleteWithConfirmButton mutationOptions={{ onError: explain }} />
      </Stack>
    </CanAccess>
  );
}

type ChangeProps = { user: User; change: UserChange; label: string; done: string };

function ChangeButton({ user, change, label, done }: ChangeProps) {
  const dataProvider = useDataProvider<Provider>();
  const [busy, act] = useAct();
  const send = () => act(() => dataProvider.update('users', { id: user.id, data: change, previousData: user }), done);
  return (
    <Button size="small" variant="outlined" loading={busy} onClick={send}>
      {label}
    </Button>
  );
}
