import { diff } from './diff';

/** Old text struck through, new text underlined; readable without colour. */
export function DiffText({ from, to }: { from: string; to: string }) {
  return (
    <span style={{ whiteSpace: 'pre-wrap' }}>
      {diff(from, to).map((piece, i) => {
        const key = `${i}${piece.kind}`;
        if (piece.kind === 'same') return <span key={key}>{piece.text}</span>;
        return piece.kind === 'gone' ? <del key={key}>{piece.text}</del> : <ins key={key}>{piece.text}</ins>;
      })}
    </span>
  );
}
