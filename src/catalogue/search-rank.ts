import { type Query, requiredWords } from './search-query.ts'
import { tokenize } from './tokenizer.ts'

/** Words beyond that many don't count for the rank. */
const mostRankWords = 8

/** The words that decide the rank: the more of them stand in name or title, the better. On both databases the same. */
export const rankTokens = (query: Query): string[] => [...new Set(requiredWords(query).flatMap(tokenize))].slice(0, mostRankWords)
