import SendIcon from '@mui/icons-material/Send';
import { Alert, Link, Stack, Typography } from '@mui/material';
import { useState } from 'react';
import { BooleanInput, Create, required, SaveButton, SimpleForm, TextInput, Toolbar } from 'react-admin';
import type { PasswordLink, User } from '../api';
import { Problem } from '../session/server';
import { useExplain } from '../layout/useExplain';

type Invited = User & { link: PasswordLink };

const toolbar = (
  <Toolbar>
    <SaveButton label="Invite" icon={<SendIcon />} />
  </Toolbar>
);

/** A new account. Its owner sets the password by a link, which is shown this once. */
export function InviteUser() {
  const [invited, setInvited] = useState<Invited>();
  const explain = useExplain();
  if (invited) return <Invitation user={invited} />;
  // What was wrong with a field is shown beside it.
  const onError = (problem: unknown) => {
    if (!(problem instanceof Problem && problem.body.errors)) explain(problem);
  };
  const onSuccess = (user: User) => setInvited(user as Invited);
  return (
    <Create<User> title="Invite" redirect={false} mutationOptions={{ onSuccess, onError }}>
      <SimpleForm toolbar={toolbar}>
        <TextInput source="username" label="Username" validate={required()} autoComplete="off" />
        <TextInput source="display_name" label="Full name" autoComplete="off" />
        <TextInput source="email" label="Email" type="email" autoComplete="off" />
        <BooleanInput source="administrator" label="Administrator" defaultValue={false} />
      </SimpleForm>
    </Create>
  );
}

const Invitation = ({ user }: { user: Invited }) => (
  <Alert severity="success" sx={{ mt: 2 }}>
    <Stack useFlexGap sx={{ gap: 1 }}>
      <Typography>
        {user.username} is invited. Give them this link, by a way that only they read. It is shown this once, and works
        until {new Date(user.link.expires_at).toLocaleString()}.
      </Typography>
      <Typography component="code" sx={{ overflowWrap: 'anywhere' }}>
        {user.link.url}
      </Typography>
      <Link href={`#/users/${user.id}/show`}>Open the account</Link>
    </Stack>
  </Alert>
);
