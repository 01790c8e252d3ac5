type Row = Readonly<Record<string, unknown>>;

/** Rows for people, a line each under the names of their columns. */
export const table = (columns: readonly string[], rows: readonly Row[]): string => {
  if (rows.length === 0) return 'none';
  const cells = [[...columns], ...rows.map((row) => columns.map((column) => String(row[column] ?? '-')))];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => line[index]?.length ?? 0)));
  return cells
    .map((line) =>
      line
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};
