import { compareTexts } from '../../../base/code-points.ts'

/**
 * Texts of datasets, each with a number for its position in the order: comparing two datasets is comparing
 * two numbers. A new text gets a number between those of its neighbours, so that the others keep theirs.
 */
export class TextOrder {
  /** By dataset number; meaningless where there is no text. */
  keys = new Float64Array(0)
  #texts: (string | undefined)[] = []
  /** Dataset numbers in order of their texts. */
  #sorted = new Uint32Array(0)
  #length = 0
  #isSorted = true

  text(no: number): string | undefined {
    return this.#texts[no]
  }

  /** Adds many texts without sorting; `sort` must follow. */
  load(no: number, text: string): void {
    this.#texts[no] = text
    this.#isSorted = false
  }

  sort(): void {
    if (this.#isSorted) return
    const nos = this.#texts.flatMap((text, no) => (text === undefined ? [] : [no]))
    nos.sort((one, other) => compareTexts(this.#texts[one] ?? '', this.#texts[other] ?? ''))
    this.#length = nos.length
    this.#sorted = new Uint32Array(Math.ceil(nos.length * 1.25) + 64)
    this.#sorted.set(nos)
    this.#number()
    this.#isSorted = true
  }

  put(no: number, text: string): void {
    if (this.#texts[no] === text) return
    this.remove(no)
    this.#texts[no] = text
    const place = this.#placeOf(text)
    this.#insert(no, place)
    this.#reserve(no)
    const key = this.#keyBetween(place, text)
    if (key === undefined) this.#number()
    else this.keys[no] = key
  }

  remove(no: number): void {
    const text = this.#texts[no]
    if (text === undefined) return
    let place = this.#placeOf(text)
    while (this.#sorted[place] !== no) place++
    this.#sorted.copyWithin(place, place + 1, this.#length)
    this.#length--
    this.#texts[no] = undefined
  }

  /** The first place whose text is not before this one. */
  #placeOf(text: string): number {
    let [low, high] = [0, this.#length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compareTexts(this.#textAt(middle) ?? '', text) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  #textAt(place: number): string | undefined {
    const no = place < 0 || place >= this.#length ? undefined : this.#sorted[place]
    return no === undefined ? undefined : this.#texts[no]
  }

  #keyAt(place: number): number | undefined {
    const no = place < 0 || place >= this.#length ? undefined : this.#sorted[place]
    return no === undefined ? undefined : this.keys[no]
  }

  #insert(no: number, place: number): void {
    if (this.#length === this.#sorted.length) this.#sorted = grown(this.#sorted, this.#length + 1)
    this.#sorted.copyWithin(place + 1, place, this.#length)
    this.#sorted[place] = no
    this.#length++
  }

  /** Undefined when there is no number left between the neighbours. */
  #keyBetween(place: number, text: string): number | undefined {
    const [before, after] = [this.#keyAt(place - 1), this.#keyAt(place + 1)]
    if (after === undefined) return before === undefined ? 0 : before + 1
    if (this.#textAt(place + 1) === text) return after
    if (before === undefined) return after - 1
    const middle = (before + after) / 2
    return before < middle && middle < after ? middle : undefined
  }

  /** Renumbers all texts; equal texts get the same number. */
  #number(): void {
    this.#reserve(this.#texts.length)
    let key = 0
    for (let place = 0; place < this.#length; place++) {
      if (place > 0 && this.#textAt(place) !== this.#textAt(place - 1)) key++
      this.keys[this.#sorted[place] ?? 0] = key
    }
  }

  #reserve(no: number): void {
    if (no < this.keys.length) return
    const longer = new Float64Array(Math.ceil(no * 1.25) + 64)
    longer.set(this.keys)
    this.keys = longer
  }
}

/** A longer copy with at least this length. */
export function grown<A extends Uint8Array | Uint32Array | Float64Array>(array: A, length: number): A {
  const longer = new (array.constructor as new (length: number) => A)(Math.ceil(length * 1.25) + 64)
  longer.set(array)
  return longer
}
