// Key images of a study: kept by the server, the same for every reader.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { get, put, remove } from '../../api/client';
import type { KeyImage } from './model';
import type { PaneState } from './viewer/port';

const keyOf = (study: string) => ['imaging', 'key-images', study] as const;

export interface KeyImages {
  list: readonly KeyImage[];
  /** The mark of the shown frame, if it has one. */
  of: (s: PaneState) => KeyImage | undefined;
  /** Marks the shown frame with its window, or takes its mark away. */
  toggle: (s: PaneState) => void;
  note: (k: KeyImage, text: string) => void;
  drop: (k: KeyImage) => void;
  failed: boolean;
}

export function useKeyImages(study: string): KeyImages {
  const client = useQueryClient();
  const query = useQuery({
    queryKey: keyOf(study),
    queryFn: ({ signal }) => get<{ rows: KeyImage[] }>(`/api/studies/${study}/key-images`, signal),
    staleTime: 15_000,
    networkMode: 'always',
  });
  const list = query.data?.rows ?? [];
  const again = () => client.invalidateQueries({ queryKey: keyOf(study) });
  // A mark that cannot be kept says so at once; it does not wait for a line of which the page knows nothing.
  const mark = useMutation({
    networkMode: 'always',
    mutationFn: (wish: { instance: string; frame: number; note: string; center?: number; width?: number; invert: boolean }) =>
      put(`/api/studies/${study}/key-images`, wish),
    onSettled: again,
  });
  const unmark = useMutation({ networkMode: 'always', mutationFn: (id: string) => remove(`/api/key-images/${id}`), onSettled: again });
  const of = (s: PaneState) => list.find((k) => k.instance === s.frame?.instance.id && k.frame === s.frame.frame);
  return {
    list,
    of,
    toggle: (s) => {
      const known = of(s);
      if (known) unmark.mutate(known.id);
      else if (s.frame && s.diagnostic) {
        const { window: w, invert } = s;
        mark.mutate({
          instance: s.frame.instance.id,
          frame: s.frame.frame,
          note: '',
          invert,
          ...(w ? { center: w.center, width: w.width } : {}),
        });
      }
    },
    note: (k, text) => {
      const { center, width, invert } = k.view;
      mark.mutate({
        instance: k.instance,
        frame: k.frame,
        note: text,
        invert,
        ...(center !== null && width !== null ? { center, width } : {}),
      });
    },
    drop: (k) => unmark.mutate(k.id),
    failed: mark.isError || unmark.isError,
  };
}
