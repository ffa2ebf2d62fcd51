import { shortId } from '../data/format.ts'

/** An id, hash or address: short with the whole in its title, or in full. Not a measured number. */
export function Identifier({ id, full = false }: { readonly id: string; readonly full?: boolean }) {
  return (
    <code class="identifier" data-id={id} title={id}>
      {full ? id : shortId(id)}
    </code>
  )
}
