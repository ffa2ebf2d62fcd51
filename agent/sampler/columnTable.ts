import { ABSENT, type Cell } from '#protocol/wire/cell'

/** Columns of one subject while a batch fills: every metric has exactly one cell per row. */
export type ColumnTable = {
  readonly columns: Map<number, Cell[]>
}

/** An empty table. */
export function columnTable(): ColumnTable {
  return { columns: new Map() }
}

/** Puts a cell into row `row`; rows without a cell for a metric are absent. */
export function putCell(table: ColumnTable, metric: number, row: number, cell: Cell): void {
  let cells = table.columns.get(metric)
  if (!cells) {
    cells = []
    table.columns.set(metric, cells)
  }
  while (cells.length < row) cells.push(ABSENT)
  cells[row] = cell
}

/** Rows `from` to `to` (exclusive) as segment columns in ascending metric order. */
export function sliceColumns(
  table: ColumnTable,
  from: number,
  to: number,
): { metric: number; cells: readonly Cell[] }[] {
  const columns: { metric: number; cells: readonly Cell[] }[] = []
  for (const metric of [...table.columns.keys()].sort((a, b) => a - b)) {
    const cells = table.columns.get(metric) as Cell[]
    while (cells.length < to) cells.push(ABSENT)
    columns.push({ metric, cells: cells.slice(from, to) })
  }
  return columns
}
