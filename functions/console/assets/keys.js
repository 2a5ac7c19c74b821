// The keyboard. Single keys can be switched off, for those whose speech or hands press them unasked.

import { dialog, button, h } from './dom.js'
import { to } from './ui.js'

let on = true
let began = 0

/** Listens; `service` is the number of the one that is shown, if any is. */
export function listen(screens, service) {
  document.addEventListener('keydown', (event) => {
    if (!on || event.ctrlKey || event.metaKey || event.altKey || !service()) return
    if (event.target.closest('input:not([type=checkbox]), textarea, select') || document.querySelector('dialog[open]')) return
    const act = meant(event.key, screens, service())
    if (act) {
      event.preventDefault()
      act()
    }
  })
  document.addEventListener('keydown', (event) => {
    const field = event.target.closest?.('main input, main textarea')
    if (event.key === 'Escape' && field && !document.querySelector('dialog[open]')) field.blur()
  })
}

function meant(key, screens, service) {
  if (performance.now() - began < 1500) {
    began = 0
    const screen = screens.find(([, , short]) => short === key)
    return screen && (() => { location.hash = to(service, [screen[0]]) })
  }
  if (key === 'g') return () => { began = performance.now() }
  if (key === '?') return () => shortcuts(screens)
  if (key === '/') return search
  if (key === 'j') return () => walk(1)
  if (key === 'k') return () => walk(-1)
  return undefined
}

function search() {
  const field = document.querySelector('main [type=search]')
  if (field) {
    field.focus()
    field.select()
  }
}

/** The focus goes to the next row of the lists that are shown, or to the one before. */
function walk(step) {
  const rows = [...document.querySelectorAll('main [data-row]')].filter((row) => row.offsetParent)
  if (rows.length === 0) return
  const at = rows.findIndex((row) => row.closest('tr, li')?.contains(document.activeElement))
  const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + step, 0), rows.length - 1)
  rows[next].focus()
}

export function shortcuts(screens) {
  const go = screens.filter(([, name]) => name).map(([, name, key]) => [`g ${key}`, name])
  const keys = [...go, ['/', 'to the search'], ['j k', 'the next row, the one before'], ['Enter', 'opens it'], ['Esc', 'closes, or leaves a field'], ['?', 'these keys']]
  dialog('Keys', (close) => [
    h('dl.keys', keys.map(([key, what]) => h('div', h('dt', key.split(' ').map((one) => [h('kbd', one), ' '])), h('dd', what)))),
    h('p', h('label', h('input', {
      type: 'checkbox', checked: on, onchange: (event) => { on = event.target.checked },
    }), ' Single keys do something')),
    h('p.buttons', button('Close', close, { kind: 'main' })),
  ])
}
