// The routes. Each page is its own chunk; the shell and the worklist come first.
import type { QueryClient } from '@tanstack/react-query';
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from '@tanstack/react-router';
import { Fault } from './api/client';
import type { Session } from './api/types';
import { sessionQuery } from './features/session/queries';
import { Shell } from './Shell';
import { Loading } from './ui/State';

interface RouteContext {
  client: QueryClient;
}

const root = createRootRouteWithContext<RouteContext>()({ component: Outlet });

/** The first page of a person: where most of the work of their rights is. */
export function homeOf(session: Session): string {
  const can = (...rights: string[]) => rights.some((r) => session.rights.includes(r));
  const clinic = ['clinic', 'village_point', 'branch'].includes(session.account.facility_kind);
  if (!clinic && can('write', 'audit')) return '/worklist';
  if (!clinic && can('verify', 'enter_results')) return '/lab';
  if (!clinic && can('receive_specimen')) return '/lab/specimens';
  if (can('order', 'acknowledge_critical', 'upload', 'link_identity')) return '/clinic';
  if (can('write', 'audit')) return '/worklist';
  if (can('administer')) return '/admin/facilities';
  if (can('qc_records')) return '/storage';
  return '/home';
}

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  component: lazyRouteComponent(() => import('./features/session/LoginPage'), 'LoginPage'),
});

const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  component: Shell,
  beforeLoad: async ({ context, location }) => {
    try {
      const session = await context.client.ensureQueryData(sessionQuery);
      return { session };
    } catch (error) {
      if (error instanceof Fault && (error.status === 401 || error.status === 403)) {
        throw redirect({ to: '/login', search: { back: location.href === '/' ? undefined : location.href } as never });
      }
      throw error;
    }
  },
});

const index = createRoute({
  getParentRoute: () => shell,
  path: '/',
  beforeLoad: ({ context }) => {
    throw redirect({ to: homeOf((context as unknown as { session: Session }).session), replace: true });
  },
});

function page<P extends string>(path: P, load: () => Promise<Record<string, unknown>>, name: string) {
  return createRoute({
    getParentRoute: () => shell,
    path,
    validateSearch: (search: Record<string, unknown>) =>
      Object.fromEntries(Object.entries(search).filter(([, v]) => ['string', 'number', 'boolean'].includes(typeof v))) as Record<
        string,
        string
      >,
    component: lazyRouteComponent(load as () => Promise<Record<string, never>>, name),
  });
}

const tree = root.addChildren([
  login,
  shell.addChildren([
    index,
    page('/home', () => import('./features/session/HomePage'), 'HomePage'),
    page('/worklist', () => import('./features/worklist/pages/WorklistPage'), 'WorklistPage'),
    page('/read/$id', () => import('./features/worklist/pages/ReadPage'), 'ReadPage'),
    page('/reports/$id', () => import('./features/report/ReportPage'), 'ReportPage'),
    page('/withdrawals', () => import('./features/report/WithdrawalsPage'), 'WithdrawalsPage'),
    page('/lab', () => import('./features/lab/LabPage'), 'LabPage'),
    page('/lab/specimens', () => import('./features/lab/SpecimensPage'), 'SpecimensPage'),
    page('/lab/unmatched', () => import('./features/lab/UnmatchedPage'), 'UnmatchedPage'),
    page('/lab/messages', () => import('./features/lab/UnmatchedPage'), 'MessagesPage'),
    page('/clinic', () => import('./features/clinic/ClinicPage'), 'ClinicPage'),
    page('/clinic/reports', () => import('./features/clinic/ReportsPage'), 'ReportsPage'),
    page('/clinic/order', () => import('./features/clinic/OrderPage'), 'OrderPage'),
    page('/clinic/ecg', () => import('./features/clinic/ecg/UploadPage'), 'UploadPage'),
    page('/clinic/ecg/unmatched', () => import('./features/clinic/ecg/UnmatchedPage'), 'UnmatchedPage'),
    page('/clinic/ecg/statistics', () => import('./features/clinic/ecg/StatisticsPage'), 'StatisticsPage'),
    page('/clinic/orders', () => import('./features/clinic/OrdersPage'), 'OrdersPage'),
    page('/critical', () => import('./features/critical/CriticalPage'), 'CriticalPage'),
    page('/quarantine', () => import('./features/quarantine/QuarantinePage'), 'QuarantinePage'),
    page('/archives', () => import('./features/archives/ArchivesPage'), 'ArchivesPage'),
    page('/outbox', () => import('./features/outbox/OutboxPage'), 'OutboxPage'),
    page('/storage', () => import('./features/storage/StoragePage'), 'StoragePage'),
    page('/admin/$tab', () => import('./features/admin/AdminPage'), 'AdminPage'),
  ]),
]);

export function makeRouter(client: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { client },
    defaultPendingComponent: Loading,
    defaultPreload: false,
    scrollRestoration: false,
  });
}
