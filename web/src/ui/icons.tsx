// The few icons the pages need, as paths; no icon pack. All are decorative: the control around them carries the words.
const box = {
  width: 16,
  height: 16,
  viewBox: '0 0 24 24',
  fill: 'none',
  stroke: 'currentColor',
  strokeWidth: 2,
  strokeLinecap: 'round',
  strokeLinejoin: 'round',
} as const;

export const BellIcon = () => (
  <svg {...box} aria-hidden="true" focusable="false">
    <path d="M6 16V11a6 6 0 0 1 12 0v5l2 2H4z" />
    <path d="M10 21h4" />
  </svg>
);
export const SunIcon = () => (
  <svg {...box} aria-hidden="true" focusable="false">
    <circle cx="12" cy="12" r="4" />
    <path d="M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5 19 19M5 19l1.5-1.5M17.5 6.5 19 5" />
  </svg>
);
export const MoonIcon = () => (
  <svg {...box} aria-hidden="true" focusable="false">
    <path d="M20 14.5A8.5 8.5 0 0 1 9.500 4 8.500 8.500 0 1 0 20 14.500z" />
  </svg>
);
export const KeyboardIcon = () => (
  <svg {...box} aria-hidden="true" focusable="false">
    <rect x="2" y="6" width="20" height="12" rx="2" />
    <path d="M6 10h.01M10 10h.01M14 10h.01M18 10h.01M8 14h8" />
  </svg>
);
export const RefreshIcon = () => (
  <svg {...box} aria-hidden="true" focusable="false">
    <path d="M20 11a8 8 0 1 0-2 6" />
    <path d="M20 4v7h-7" />
  </svg>
);
export const WarnIcon = () => (
  <svg {...box} aria-hidden="true" focusable="false">
    <path d="M12 3 2 20h20z" />
    <path d="M12 10v4M12 17h.01" />
  </svg>
);
export const CheckIcon = () => (
  <svg {...box} aria-hidden="true" focusable="false">
    <path d="m5 12 5 5L20 7" />
  </svg>
);
export const UpIcon = () => (
  <svg {...box} aria-hidden="true" focusable="false">
    <path d="M12 19V5M6 11l6-6 6 6" />
  </svg>
);
export const DownIcon = () => (
  <svg {...box} aria-hidden="true" focusable="false">
    <path d="M12 5v14M6 13l6 6 6-6" />
  </svg>
);
