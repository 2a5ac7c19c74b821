// Lists that come page by page. A page that has nothing on it is not the end.

import { get } from './api.js'
import { button, count, fill, h, hint, number } from './dom.js'
import { failure } from './ui.js'

/** How many pages are read by itself, and for whoever asks for more, as long as there is nothing on them to be shown. */
const [BY_ITSELF, ASKED_FOR] = [10, 250]

/** The pages of a list, one after the other: what is on each, and where the next one begins, if there is one. */
async function* pagesOf(signal, path, member, query, cursor) {
  do {
    const found = await get(path, { ...query, cursor }, signal)
    cursor = found.next
    yield [found[member], cursor]
  } while (cursor)
}

/**
 * Rows, with a button for more; of each page what `keep` makes of it, which is asked again of one that could not be read. It is
 * read on until there is something to be shown, and who waits may stop that. Without `nothing` also no rows are shown.
 */
export function pages(context, path, member, query, show, nothing, keep = (rows) => rows) {
  const rows = []
  let [cursor, act] = []
  // It stops what it has begun, so that nothing is waited for.
  const more = button('', () => void act?.(), '', { hidden: true })
  const [list, wrong, told] = [h('div'), h('div'), h('span.hint', { role: 'status', tabindex: -1 })]
  const offer = (label, then) => {
    const isLeft = !label && document.activeElement === more
    fill(more, label)
    more.hidden = !label
    act = then
    if (isLeft) told.focus()
  }
  const read = async (most, isFirst) => {
    const stop = new AbortController()
    const signal = AbortSignal.any([context.signal, stop.signal])
    let [found, empty, fault] = [[], 0]
    act = undefined
    fill(told, 'Loading …')
    fill(wrong)
    try {
      for await (const [page, next] of pagesOf(signal, path, member, query, cursor)) {
        found = await keep(page, signal)
        rows.push(...found)
        cursor = next
        if (found.length || !cursor || (empty += 1) === most) break
        offer('Stop', () => stop.abort())
        // Whoever hears it is not told of each page.
        if (empty % 10 === 1) fill(told, `Looking further: nothing to be shown on ${count(empty, 'page')} yet …`)
      }
      if (found.length || isFirst || !cursor) fill(list, rows.length || !nothing ? show(rows) : !cursor && hint(nothing))
    } catch (error) {
      fault = error
    }
    if (context.signal.aborted) return
    const isStopped = fault && stop.signal.aborted
    const goesOn = `Nothing to be shown on ${count(empty, 'page')}, but the list goes on.`
    const [says, label] = isStopped ? [`Stopped. ${goesOn}`, 'Look further']
      : fault ? ['', 'Try again']
      : !cursor ? [isFirst ? '' : 'That is all.', '']
      : found.length ? [isFirst ? '' : `${number(found.length)} more.`, 'Show more']
      : [goesOn, 'Look further']
    if (fault && !isStopped) fill(wrong, failure(fault))
    fill(told, says)
    offer(label, () => read(ASKED_FOR, isFirst && fault && !isStopped))
  }
  read(BY_ITSELF, true)
  return [list, wrong, h('p.row', more, told)]
}

/** How many pages are read at once for a sum. */
const MOST_PAGES = 10

/** What is on the first pages of a list from there on, and where it goes on, if it does; `tell` hears how many there are already. */
export async function firstPages({ signal }, path, member, query, cursor, tell) {
  const rows = []
  let read = 0
  for await (const [found, next] of pagesOf(signal, path, member, query, cursor)) {
    rows.push(...found)
    tell?.(rows.length)
    cursor = next
    if ((read += 1) === MOST_PAGES) break
  }
  return [rows, cursor]
}
