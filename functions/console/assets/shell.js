// Commands for a terminal. What strangers wrote may be a part of them.

/** A word of a POSIX shell; characters that nobody sees are written out, as bash and zsh read them. */
export function quoted(word) {
  const text = String(word)
  if (/^[\w@%+=:,./-]+$/.test(text)) return text
  if (!/[\p{C}\p{Zl}\p{Zp}]/u.test(text)) return `'${text.replaceAll("'", `'\\''`)}'`
  const letter = (letter) => {
    if (letter === "'" || letter === '\\') return `\\${letter}`
    if (!/[\p{C}\p{Zl}\p{Zp}]/u.test(letter)) return letter
    return `\\U${letter.codePointAt(0).toString(16).padStart(8, '0')}`
  }
  return `$'${[...text].map(letter).join('')}'`
}

/** A command of the program; options without a value are left out, `true` is one that has none; `after` stands behind them. */
export function registrar(words, options = {}, after = []) {
  const given = Object.entries(options).filter(([, value]) => value !== undefined && value !== null && value !== false && value !== '')
  return ['registrar', ...words.map(quoted), ...given.flatMap(([name, value]) => {
    return value === true ? [`--${name}`] : [`--${name}`, quoted(value)]
  }), ...after.map(quoted)].join(' ')
}

/** JSON whose characters are all seen. */
export function json(value, indent) {
  const escaped = (text) => [...text].map((letter) => [...Array(letter.length).keys()].map((unit) => {
    return `\\u${letter.charCodeAt(unit).toString(16).padStart(4, '0')}`
  }).join('')).join('')
  return JSON.stringify(value, null, indent).replace(/[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu, escaped)
}

/** A command that reads JSON on its standard input. */
export function reading(command, value) {
  return `${command} <<'EOF'\n${json(value, 2)}\nEOF`
}
