// Dark for reading rooms, light for clinics, the person's own choice above both.
import { type MantineColorScheme, useMantineColorScheme } from '@mantine/core';
import { useEffect } from 'react';

const CHOSEN = 'yg.theme';

export function storedScheme(): MantineColorScheme {
  const chosen = localStorage.getItem(CHOSEN);
  return chosen === 'light' ? 'light' : 'dark';
}

/** Applies the scheme of the signed-in person: the stored choice, else what suits the rights. */
export function useScheme(
  choice: string | undefined,
  rights: string[] | undefined,
): { scheme: 'dark' | 'light'; toggle: () => 'dark' | 'light' } {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const wanted = choice === 'dark' || choice === 'light' ? choice : rights?.some((r) => r === 'write' || r === 'audit') ? 'dark' : 'light';
  useEffect(() => {
    if (!rights) return;
    localStorage.setItem(CHOSEN, wanted);
    setColorScheme(wanted);
  }, [wanted, rights, setColorScheme]);
  const scheme = colorScheme === 'light' ? 'light' : 'dark';
  return {
    scheme,
    toggle: () => {
      const next = scheme === 'dark' ? 'light' : 'dark';
      localStorage.setItem(CHOSEN, next);
      setColorScheme(next);
      return next;
    },
  };
}
