// Registrations and refusals by hour and door: as many of the one are as high as of the other.

import { count, fill, h, hint, local, number, said, svg, table } from './dom.js'

const HOURS = 48

/** How high the bars are together, what stands above, between and below them, and beside them, in pixels. */
const [HEIGHT, ABOVE, BETWEEN, BELOW, LEFT] = [150, 14, 2, 34, 34]

/** The room of a time below the bars, in pixels. */
const MARK = 38

const sum = (numbers) => numbers.reduce((sum, number) => sum + number, 0)

/** What is refused may not be counted. Of `[{ hour: '2026-11-26T14', registered: { oauth: 3 }, refusals: { oauth: 2 } }]`; hours that are not there had nothing. */
export function chart(given, isCounted) {
  const first = Math.floor(Date.now() / 3600_000) - HOURS + 1
  const hours = Array.from({ length: HOURS }, (_, index) => {
    const at = new Date((first + index) * 3600_000)
    const { registered = {}, refusals = {} } = given.find(({ hour }) => at.toISOString().startsWith(hour)) ?? {}
    return { at, registered, refusals, all: sum(Object.values(registered)), refused: sum(Object.values(refusals)) }
  })
  const of = (door, kind) => sum(hours.map((hour) => hour[kind][door] ?? 0))
  const known = new Set(hours.flatMap(({ registered, refusals }) => [registered, refusals].flatMap(Object.keys)))
  const doors = [...known].filter((door) => of(door, 'registered') + of(door, 'refusals')).sort()
  const refused = sum(hours.map(({ refused }) => refused))
  if (!doors.length) return hint(`Nobody has registered${isCounted ? ', and nothing was refused' : ''}.`)
  const text = `${count(sum(hours.map(({ all }) => all)), 'client')} registered, ${isCounted || refused ? `${count(refused, 'request')} refused` : 'what is refused is not counted'}`
  const place = h('div.chart')
  let width
  // Its letters are as large as all others, whatever its width.
  const watch = new ResizeObserver(() => {
    if (place.clientWidth === width || !place.clientWidth) return
    width = place.clientWidth
    fill(place, bars(hours, doors, text, width))
  })
  watch.observe(place)
  const legend = doors.map((door, place) => h('li', h(`span.key.door${place}`), said(door), ` ${number(of(door, 'registered'))} registered`, (isCounted || refused > 0) && `, ${number(of(door, 'refusals'))} refused`))
  const rows = hours.filter(({ all, refused }) => all + refused > 0).reverse()
  return h('figure', place,
    h('figcaption', `${text}. By hour: registered above the line, refused below it.`, h('ul.legend', legend)),
    h('details', h('summary', 'The same as a table'), table(text, ['Hour', ...doors.flatMap((door) => [`#${door}: registered`, `#${door}: refused`])],
      rows.map(({ at, registered, refusals }) => [local(at), ...doors.flatMap((door) => [number(registered[door] ?? 0), number(refusals[door] ?? 0)])]))))
}

function bars(hours, doors, text, width) {
  const [most, mostRefused] = [Math.max(...hours.map(({ all }) => all)), Math.max(...hours.map(({ refused }) => refused))]
  const one = HEIGHT / Math.max(1, most + mostRefused)
  const [line, step] = [ABOVE + most * one, (width - LEFT) / HOURS]
  const bar = (index, height, y, kind) => height > 0 && svg(`rect.${kind}`, { x: LEFT + index * step + 0.5, y, width: Math.max(1, step - 1), height })
  const drawn = hours.map(({ registered, refusals }, index) => {
    let [top, below] = [line, line + BETWEEN]
    return doors.map((door, place) => {
      const [up, down] = [registered, refusals].map((counts) => (counts[door] ?? 0) * one)
      top -= up
      below += down
      return [bar(index, up, top, `door${place}`), bar(index, down, below - down, `door${place}.refusals`)]
    })
  })
  const rule = (y) => svg('line', { x1: LEFT, x2: width, y1: y, y2: y })
  const value = (y, many) => svg('text', { 'x': LEFT - 4, y, 'text-anchor': 'end' }, number(many))
  const bottom = line + BETWEEN + mostRefused * one
  const marks = hours.map(({ at }, index) => {
    const x = LEFT + index * step
    return at.getHours() % 12 === 0 && x + MARK <= width && [svg('line', { x1: x, x2: x, y1: bottom, y2: bottom + 6 }), svg('text', { x, y: bottom + 18 }, at.getHours() ? '12:00' : local(at).slice(5, 10))]
  })
  return svg('svg', { viewBox: `0 0 ${width} ${ABOVE + HEIGHT + BETWEEN + BELOW}`, width, height: ABOVE + HEIGHT + BETWEEN + BELOW, role: 'img', 'aria-label': `${text}; at most ${number(most)} registered and ${number(mostRefused)} refused in one hour` },
    rule(line + 1), most > 0 && [rule(ABOVE), value(ABOVE + 4, most)], mostRefused > 0 && [rule(bottom), value(bottom + 4, mostRefused)],
    drawn, marks)
}
