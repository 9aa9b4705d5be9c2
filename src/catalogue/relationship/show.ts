import type { Context } from '../../context.ts'
import { keepReadable } from '../dataset/access.ts'
import type { KeptDataset } from '../dataset/store.ts'
import { listVisibilities } from '../visibility-store.ts'

/** The end of the finished text of a dataset without relationships. User input cannot produce it: its quotation marks are escaped. */
const emptyEnd = ',"relationships_as_subject":[],"relationships_as_object":[]}'
const endBegin = ',"relationships_as_subject":['

interface Link {
  readonly subject_package_id: string
  readonly object_package_id: string
}

interface Links {
  readonly relationships_as_subject: readonly Link[]
  readonly relationships_as_object: readonly Link[]
}

type Reader = Pick<Context, 'actor' | 'config' | 'store'>

/**
 * Datasets as the caller may see them: their finished texts name relationships only with datasets that the caller may read too, as
 * `listRelationships` does. The texts show which datasets have relationships; one look-up serves all of them.
 */
export async function withReadableLinks(ctx: Reader, datasets: readonly KeptDataset[]): Promise<readonly KeptDataset[]> {
  const linksOf = new Map<KeptDataset, Links>()
  for (const dataset of datasets) if (!dataset.document.endsWith(emptyEnd)) linksOf.set(dataset, readLinks(dataset.document))
  if (linksOf.size === 0) return datasets
  const others = new Set([...linksOf.values()].flatMap(otherEnds))
  const readable = new Set((await keepReadable(ctx, await listVisibilities(ctx.store, [...others]))).map((other) => other.id))
  return datasets.map((dataset) => {
    const links = linksOf.get(dataset)
    return !links || otherEnds(links).every((id) => readable.has(id))
      ? dataset
      : { ...dataset, document: restrict(dataset.document, links, readable) }
  })
}

const otherEnds = (links: Links): string[] => [
  ...links.relationships_as_subject.map((link) => link.object_package_id),
  ...links.relationships_as_object.map((link) => link.subject_package_id),
]

const readLinks = (document: string): Links => JSON.parse(`{${document.slice(document.lastIndexOf(endBegin) + 1)}`)

function restrict(document: string, links: Links, readable: ReadonlySet<string>): string {
  const kept: Links = {
    relationships_as_subject: links.relationships_as_subject.filter((link) => readable.has(link.object_package_id)),
    relationships_as_object: links.relationships_as_object.filter((link) => readable.has(link.subject_package_id)),
  }
  return `${document.slice(0, document.lastIndexOf(endBegin) + 1)}${JSON.stringify(kept).slice(1)}`
}
