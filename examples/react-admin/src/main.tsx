import { createRoot } from 'react-dom/client';
import { App } from './App';
import { followTabs, startSession } from './session/session';

// Out of the back/forward cache: the session may have ended in the meantime.
addEventListener('pageshow', ({ persisted }) => persisted && location.reload());
followTabs();
void startSession();
createRoot(document.getElementById('root')!).render(<App />);
