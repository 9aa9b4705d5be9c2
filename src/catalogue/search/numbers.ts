/** Numbers of datasets, ascending and unique: the hits of a part of a search. */
export type Numbers = Uint32Array

const comma = ','.charCodeAt(0)
const zero = '0'.charCodeAt(0)

/** Reads `1,2,30`, as the databases join numbers. */
export function parseNos(text: string | null | undefined): Uint32Array {
  if (!text) return new Uint32Array(0)
  const nos = new Uint32Array((text.length >>> 1) + 1)
  let [length, no] = [0, 0]
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit === comma) {
      nos[length++] = no
      no = 0
    } else no = no * 10 + unit - zero
  }
  nos[length++] = no
  return nos.slice(0, length)
}

export function intersect(one: Numbers, other: Numbers): Numbers {
  const both = new Uint32Array(Math.min(one.length, other.length))
  let length = 0
  for (let left = 0, right = 0; left < one.length && right < other.length; ) {
    const [a, b] = [one[left] as number, other[right] as number]
    if (a === b) both[length++] = a
    if (a <= b) left++
    if (b <= a) right++
  }
  return both.subarray(0, length)
}

/** The numbers of one list that are not in the other. */
export function without(one: Numbers, other: Numbers): Numbers {
  const left = new Uint32Array(one.length)
  let [length, place] = [0, 0]
  for (const no of one) {
    while (place < other.length && (other[place] as number) < no) place++
    if (other[place] !== no) left[length++] = no
  }
  return left.subarray(0, length)
}

/** The union of several lists, only numbers below `size`. */
export function unite(several: readonly Numbers[], size: number): Numbers {
  const marks = new Uint8Array(size)
  for (const nos of several) for (const no of nos) if (no < size) marks[no] = 1
  return marked(marks, 1)
}

/** The numbers from 1 to below `size` that are not among these. */
export function complement(nos: Numbers, size: number): Numbers {
  const marks = new Uint8Array(size)
  marks[0] = 1
  for (const no of nos) if (no < size) marks[no] = 1
  return marked(marks, 0)
}

function marked(marks: Uint8Array, wanted: number): Numbers {
  const nos = new Uint32Array(marks.length)
  let length = 0
  for (let no = 0; no < marks.length; no++) if (marks[no] === wanted) nos[length++] = no
  return nos.slice(0, length)
}

/**
 * The `limit` first behind `offset`, in the order of `compare`. A short page of many is kept as a heap whose top is
 * the last of the best so far, so that nearly all others cost one comparison.
 */
export function pageOf(
  nos: Uint32Array,
  { limit, offset }: { limit: number; offset: number },
  compare: (one: number, other: number) => number,
): Uint32Array {
  const wanted = Math.min(nos.length, limit + offset)
  if (limit === 0 || offset >= nos.length) return new Uint32Array(0)
  if (wanted * 8 > nos.length) return nos.slice().sort(compare).subarray(offset, wanted)
  const best = nos.slice(0, wanted).sort((one, other) => compare(other, one))
  for (let at = wanted; at < nos.length; at++) {
    const no = nos[at] as number
    if (compare(no, best[0] as number) < 0) sink(best, no, compare)
  }
  return best.sort(compare).subarray(offset)
}

/** Replaces the top of the heap and moves the new number down to its position. */
function sink(heap: Uint32Array, no: number, compare: (one: number, other: number) => number): void {
  let place = 0
  for (let child = 1; child < heap.length; child = 2 * place + 1) {
    if (child + 1 < heap.length && compare(heap[child + 1] as number, heap[child] as number) > 0) child++
    const lower = heap[child] as number
    if (compare(lower, no) <= 0) break
    heap[place] = lower
    place = child
  }
  heap[place] = no
}
