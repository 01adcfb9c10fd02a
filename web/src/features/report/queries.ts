import { useQuery } from '@tanstack/react-query';
import { get, query } from '../../api/client';
import type { Phrase, Pipeline, Template, WorkItemDetail } from '../../api/types';

const TEN_MINUTES = 600_000;

/** Templates for the item's modality and body part. */
export const useTemplates = (item: WorkItemDetail) =>
  useQuery({
    queryKey: ['template', item.pipeline, item.modality, item.body_part],
    queryFn: () =>
      get<Template[]>(`/api/templates${query({ pipeline: item.pipeline, modality: item.modality, body_part: item.body_part })}`),
    staleTime: TEN_MINUTES,
  });

/** Quick phrases of the pipeline. */
export const usePhrases = (pipeline: Pipeline) =>
  useQuery({ queryKey: ['phrase', pipeline], queryFn: () => get<Phrase[]>(`/api/phrases${query({ pipeline })}`), staleTime: TEN_MINUTES });
