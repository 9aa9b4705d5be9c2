/** Works on items with so many workers, each taking the next one when it has finished the last: nothing is read ahead.
 * Resolves when all workers have ended. A worker that throws ends the others after their current item; then the first error is thrown.
 */
export async function workThrough<T>(workers: number, next: () => Promise<T | null> | T | null, work: (item: T) => Promise<void>): Promise<void> {
  let isOver = false
  const errors: unknown[] = []
  const run = async () => {
    try {
      while (!isOver) {
        const item = await next()
        if (item === null) isOver = true
        else await work(item)
      }
    } catch (error) {
      isOver = true
      errors.push(error)
    }
  }
  await Promise.all(Array.from({ length: workers }, run))
  if (errors.length > 0) throw errors[0]
}
