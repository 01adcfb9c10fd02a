export { sessionQuery, useCan, useSession } from './queries';
export { useReauth } from './Reauth';
