import './features/worklist/worklist.css';
import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import './shell.css';
import './app.css';
import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { setNonce } from 'get-nonce';
import { createRoot } from 'react-dom/client';
import { Fault } from './api/client';
import { startLanguages } from './i18n';
import { makeRouter } from './router';
import { theme, tokens } from './theme';
import { ErrorBoundary } from './ui/ErrorBoundary';
import { storedScheme } from './ui/scheme';

// The nonce of this response. Mantine's variables and the scroll lock of dialogs insert style elements; without it they would be refused.
const nonce = document.querySelector('meta[name="csp-nonce"]')?.getAttribute('content') ?? '';
setNonce(nonce);
startLanguages();

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchOnWindowFocus: true,
      retry: (count, error) => count < 2 && error instanceof Fault && (error.status === 0 || error.status >= 500),
    },
  },
});
const router = makeRouter(client);

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <MantineProvider theme={theme} cssVariablesResolver={tokens} defaultColorScheme={storedScheme()} getStyleNonce={() => nonce}>
      <QueryClientProvider client={client}>
        <Notifications position="bottom-right" limit={4} autoClose={5_000} />
        <ErrorBoundary>
          <RouterProvider router={router} />
        </ErrorBoundary>
      </QueryClientProvider>
    </MantineProvider>,
  );
}
