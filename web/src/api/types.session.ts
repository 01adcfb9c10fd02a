// Who is signed in.
import type { Millis } from './types';

export interface Session {
  account: {
    id: string;
    login: string;
    name: string;
    name_en?: string;
    facility: string;
    facility_name: string;
    facility_name_en?: string;
    facility_kind: string;
  };
  roles: { role: string; facility: string; pipelines: string[] | string }[];
  rights: string[];
  csrf: string;
  build: string;
  demo: boolean;
  now: Millis;
  reauth_until: Millis | null;
  /** Only the password opens the page. */
  locked: boolean;
  /** Somebody else set the password: it is changed first. */
  must_change: boolean;
  settings: { lang?: string; theme?: string };
}
