import { Alert, Button, TextField } from '@mui/material';
import { useState, type FormEvent } from 'react';
import { Alone } from './layout/Alone';
import { signIn } from './session/session';

/** The sign-in form. Only pages of the operator of the server may have one: all others send people to its `/login`. */
export function SignIn({ reason }: { reason?: string }) {
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    setBusy(true);
    setProblem('');
    try {
      await signIn(String(fields.get('username')), String(fields.get('password')));
    } catch (failure) {
      setProblem((failure as Error).message);
      setBusy(false);
    }
  }

  return (
    <Alone title="Sign in">
      {problem ? <Alert severity="error">{problem}</Alert> : reason && <Alert severity="info">{reason}</Alert>}
      <form onSubmit={submit}>
        <TextField name="username" label="Username or email" autoComplete="username" required fullWidth autoFocus />
        <TextField name="password" label="Password" type="password" autoComplete="current-password" required fullWidth />
        <Button type="submit" variant="contained" fullWidth loading={busy} sx={{ mt: 2 }}>
          Sign in
        </Button>
      </form>
    </Alone>
  );
}
