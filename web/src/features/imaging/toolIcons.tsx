// Icons of the image tools, drawn in one stroke width; their words stand on the buttons.
import type { ReactNode } from 'react';
import type { ToolId } from './viewer/port';

const shape = {
  width: 18,
  height: 18,
  viewBox: '0 0 24 24',
  fill: 'none',
  stroke: 'currentColor',
  strokeWidth: 1.8,
  strokeLinecap: 'round',
  strokeLinejoin: 'round',
} as const;

export const icon = (body: ReactNode) => (
  <svg {...shape} aria-hidden="true" focusable="false">
    {body}
  </svg>
);

export const ICONS: Record<ToolId, ReactNode> = {
  window: icon(
    <>
      <circle cx="12" cy="12" r="8" />
      <path d="M12 4a8 8 0 0 1 0 16z" fill="currentColor" />
    </>,
  ),
  zoom: icon(
    <>
      <circle cx="10.500" cy="10.500" r="6" />
      <path d="m15 15 5 5M8 10.500h5M10.500 8v5" />
    </>,
  ),
  pan: icon(
    <path d="M12 3v18M3 12h18M12 3 9.500 5.500M12 3l2.500 2.500M12 21l-2.500-2.500M12 21l2.500-2.500M3 12l2.500-2.500M3 12l2.500 2.500M21 12l-2.500-2.500M21 12l-2.500 2.500" />,
  ),
  scroll: icon(
    <>
      <rect x="4" y="8" width="13" height="12" rx="1" />
      <path d="M7 5h13v12" />
    </>,
  ),
  length: icon(
    <>
      <path d="M5 19 19 5" />
      <path d="m3 17 4 4M17 3l4 4" />
    </>,
  ),
  bidirectional: icon(<path d="M4 20 20 4M8 8l8 8" />),
  angle: icon(
    <>
      <path d="M20 19H4L15 5" />
      <path d="M11 19a8 8 0 0 0-2-5.500" />
    </>,
  ),
  cobb: icon(<path d="M4 6 18 3M4 21l14-3M11 4.500V8M11 16v3.500M9.500 8h3M9.500 16h3" />),
  ellipse: icon(<ellipse cx="12" cy="12" rx="9" ry="6" />),
  rectangle: icon(<rect x="4" y="6" width="16" height="12" />),
  probe: icon(
    <>
      <circle cx="12" cy="12" r="2.500" />
      <path d="M12 3v5M12 16v5M3 12h5M16 12h5" />
    </>,
  ),
  ctr: icon(<path d="M12 3v2M4 5c-2 5-2 11 0 15M20 5c2 5 2 11 0 15M4 20h16M8 14h9M8 12v4M17 12v4" />),
  locate: icon(
    <>
      <path d="M12 2v7M12 15v7M2 12h7M15 12h7" />
      <circle cx="12" cy="12" r="1" fill="currentColor" />
    </>,
  ),
  magnify: icon(
    <>
      <circle cx="10.500" cy="10.500" r="7" />
      <path d="m16 16 5 5" strokeWidth="3" />
    </>,
  ),
};
