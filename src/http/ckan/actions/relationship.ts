import { Type } from 'typebox'
import { invalid } from '../../../base/errors.ts'
import { missingValue } from '../../../catalogue/field-reader.ts'
import { rateDataset } from '../../../catalogue/rating/rating.ts'
import { createRelationship, deleteRelationship, listRelationships, updateRelationship } from '../../../catalogue/relationship/relationship.ts'
import { type Action, action } from '../action.ts'
import { anything, optionalText, text } from '../input/parameter.ts'

const ends = {
  id: text('id or name of the one package'),
  id2: text('id or name of the other'),
  rel: text('what the one is to the other, such as child_of'),
}
const Link = Type.Object(ends)
const CommentedLink = Type.Object({ ...ends, comment: optionalText('a remark') })

/** Relationships and ratings of packages. */
export const relationshipActions: Readonly<Record<string, Action>> = {
  package_relationships_list: action({
    help: 'Relationships of a package, as seen from it; optionally only those with another package, or of one type.',
    input: Type.Object({
      id: text('id or name of the package'),
      id2: optionalText('id or name of another'),
      rel: optionalText('a type such as parent_of'),
    }),
    run: (ctx, { id, id2, rel }) => listRelationships(ctx, { id, id2: id2 || undefined, rel: rel && rel !== 'relationships' ? rel : undefined }),
  }),
  package_relationship_create: action({
    effect: 'write',
    help: 'Relates a package to another. The answer is the forward form.',
    input: CommentedLink,
    run: createRelationship,
  }),
  package_relationship_update: action({
    effect: 'write',
    help: 'Changes the comment of a relationship.',
    input: CommentedLink,
    run: updateRelationship,
  }),
  package_relationship_delete: action({
    effect: 'write',
    help: 'Deletes a relationship.',
    input: Link,
    async run(ctx, input) {
      await deleteRelationship(ctx, input)
      return null
    },
  }),
  rating_create: action({
    effect: 'write',
    help: 'Rates a package from 1 to 5; a later rating by the same user replaces the first.',
    input: Type.Object({ package: optionalText('id or name of the package; required'), rating: anything('whole number from 1 to 5; required') }),
    run(ctx, { package: ref, rating }) {
      if (!ref) throw invalid({ package: [missingValue] })
      return rateDataset(ctx, { ref, rating })
    },
    present: ({ average, count }) => ({ 'rating average': average, 'rating count': count }),
  }),
}
