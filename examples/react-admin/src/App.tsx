import { useSession } from './session/session';
import { Console } from './Console';
import { Alone } from './layout/Alone';
import { SignIn } from './SignIn';
import { Unknown } from './Unknown';

/** The sign-in form or the console. Of a session that has ended nothing stays: its console is removed as a whole. */
export function App() {
  const session = useSession();
  switch (session.state) {
    case 'starting':
      return <Alone busy />;
    case 'signed out':
      return <SignIn reason={session.reason} />;
    case 'unknown':
      return <Unknown problem={session.problem} />;
    case 'signed in':
      return <Console key={session.me.session.id} me={session.me} />;
  }
}
