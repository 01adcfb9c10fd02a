// One dialog for all records of the administration: fields as data, one answer from the server, faults beside the form.
import { Button, Checkbox, Modal, MultiSelect, Select, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useWords } from '../../i18n';
import { FaultNote } from '../../ui/State';

export interface Field {
  name: string;
  /** Key of the label. */
  label: string;
  kind?: 'text' | 'password' | 'number' | 'select' | 'multi' | 'flag' | 'json';
  options?: { value: string; label: string }[];
  required?: boolean;
  /** Shown but not changed once the record exists. */
  fixed?: boolean;
}
export type Values = Record<string, unknown>;

export function FormDialog({
  title,
  fields,
  first,
  existing,
  save,
  close,
}: {
  title: string;
  fields: Field[];
  first: Values;
  existing: boolean;
  save: (values: Values) => Promise<unknown>;
  close: () => void;
}) {
  const { t } = useWords();
  const [values, setValues] = useState<Values>(() =>
    Object.fromEntries(
      fields.map((f) => [
        f.name,
        f.kind === 'json'
          ? JSON.stringify(first[f.name] ?? {}, null, 1)
          : (first[f.name] ?? (f.kind === 'flag' ? true : f.kind === 'multi' ? [] : '')),
      ]),
    ),
  );
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [bad, setBad] = useState<string | null>(null);
  const set = (name: string, value: unknown) => setValues((v) => ({ ...v, [name]: value }));
  const go = async () => {
    const out: Values = {};
    for (const f of fields) {
      const v = values[f.name];
      if (f.kind === 'json') {
        try {
          out[f.name] = JSON.parse(String(v || '{}'));
        } catch {
          setBad(f.name);
          return;
        }
      } else if (f.kind === 'number') out[f.name] = v === '' || v === null ? null : Number(v);
      else out[f.name] = v;
    }
    setBad(null);
    setBusy(true);
    setError(null);
    try {
      await save(out);
      close();
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={close} title={title} size="lg">
      <form
        className="col"
        style={{ gap: 10 }}
        onSubmit={(e) => {
          e.preventDefault();
          void go();
        }}
      >
        <div className="two-columns">
          {fields.map((f, i) => {
            const common = {
              label: t(f.label),
              required: f.required,
              disabled: f.fixed && existing,
              'data-autofocus': i === 0 || undefined,
            };
            const text = String(values[f.name] ?? '');
            switch (f.kind) {
              case 'select':
                return (
                  <Select
                    key={f.name}
                    {...common}
                    data={f.options ?? []}
                    value={text || null}
                    onChange={(v) => set(f.name, v ?? '')}
                    searchable
                  />
                );
              case 'multi':
                return (
                  <MultiSelect
                    key={f.name}
                    {...common}
                    data={f.options ?? []}
                    value={(values[f.name] as string[]) ?? []}
                    onChange={(v) => set(f.name, v)}
                    searchable
                  />
                );
              case 'flag':
                return (
                  <Checkbox
                    key={f.name}
                    label={t(f.label)}
                    checked={Boolean(values[f.name])}
                    onChange={(e) => set(f.name, e.currentTarget.checked)}
                    mt={22}
                  />
                );
              case 'json':
                return (
                  <Textarea
                    key={f.name}
                    {...common}
                    autosize
                    minRows={2}
                    maxRows={8}
                    value={text}
                    error={bad === f.name ? t('admin.bad_json') : undefined}
                    onChange={(e) => set(f.name, e.currentTarget.value)}
                  />
                );
              default:
                return (
                  <TextInput
                    key={f.name}
                    {...common}
                    type={f.kind === 'password' ? 'password' : 'text'}
                    autoComplete={f.kind === 'password' ? 'new-password' : 'off'}
                    value={text}
                    onChange={(e) => set(f.name, e.currentTarget.value)}
                  />
                );
            }
          })}
        </div>
        {error !== null && <FaultNote error={error} />}
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button variant="default" onClick={close}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" loading={busy}>
            {t('action.save')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
