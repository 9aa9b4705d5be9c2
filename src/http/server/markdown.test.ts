import assert from 'node:assert/strict'
import { test } from 'node:test'
import { excerptOf, renderMarkdown, renderNotes } from './markdown.ts'

const filled = (text: string, length: number) => text.repeat(Math.ceil(length / text.length)).slice(0, length)

/** Texts whose rendering is slow or long without limits. */
const hostile: readonly string[] = [
  ...['\n', '[', '![](', '![[](', '[*', '*a', '*a_', '`a``b', '> ', '* a\n', '1. a\n', '<a@', '[a\n', 'http://a', '&#', '|', '\\', '~~a~'],
  ...[' \n', '"', '[a](b "'],
].flatMap((text) => [filled(text, 60_000), filled(text, 19_990)])

const referenceBomb = `[a]: ${filled('b', 9_000)}\n\n${filled('[a]', 10_000)}`
const wideTable = `${filled('a|', 5_000)}\n${filled('-|', 5_000)}\n${filled('a\n', 9_000)}`

test('the length of rendered text is limited for every input', () => {
  for (const text of [...hostile, referenceBomb, wideTable, wideTable.replaceAll('\n', '\r')]) {
    for (const html of [renderMarkdown(text), String(renderNotes(text))])
      assert.ok(html.length <= 400_000, `${JSON.stringify(text.slice(0, 10))}: ${html.length}`)
  }
})

test('a text that is too long to be rendered is shown unrendered, up to its end', () => {
  const text = `${filled('*a* <b> ', 20_000)}end`
  const html = renderMarkdown(text)
  assert.ok(html.startsWith('<pre>*a* &lt;b&gt; ') && html.endsWith('end</pre>'))
  assert.equal(renderMarkdown(referenceBomb).slice(0, 12), '<pre>[a]: bb')
})

test('ordinary notes are rendered with tables, lists and links', () => {
  const html = renderMarkdown('# Trees\n\n* one\n* http://a.example\n\n| a | b |\n|---|---|\n| 1 | 2 |')
  for (const part of ['<h1>Trees</h1>', '<li>one</li>', '<a href="http://a.example">', '<td>2</td>']) assert.ok(html.includes(part), part)
})

test('on a page headings are one level lower, and images are links', () => {
  const cases: readonly [notes: string, html: string][] = [
    ['# Trees\n\n###### Oaks', '<h2>Trees</h2>\n<h6>Oaks</h6>'],
    ['Trees\n=====', '<h2>Trees</h2>'],
    ['![The *map* <b>](http://a.example/x.png "Map")', '<p><a href="http://a.example/x.png">Image: The map &lt;b&gt;</a></p>'],
    [
      '[![](x.png) more](http://a.example) ![](y.png)',
      '<p><a href="http://a.example">Image: no description more</a> <a href="y.png">Image: no description</a></p>',
    ],
    ['![x](javascript:alert(1))', '<p>![x](javascript:alert(1))</p>'],
  ]
  for (const [notes, html] of cases) assert.equal(String(renderNotes(notes)), html)
  assert.equal(renderMarkdown('# Trees ![a](x.png)'), '<h1>Trees <img src="x.png" alt="a"></h1>', 'programs get it as it is')
})

test('an excerpt of any text is short and reads only the beginning', () => {
  for (const text of [...hostile, referenceBomb, wideTable]) {
    const excerpt = excerptOf(text, 220)
    assert.equal(excerpt, excerptOf(`${text.slice(0, 1000)}${filled('x', 500)}`, 220))
    assert.ok([...excerpt].length <= 222)
  }
})

const excerpts: readonly [notes: string, excerpt: string][] = [
  ['', ''],
  ['# Trees\n\nAll *trees* of the **city**, see [the map](http://a.example "Map").', 'Trees All trees of the city, see the map.'],
  ['> [!IMPORTANT]\n> Named trees.', 'Named trees.'],
  ['> quoted\n\n* one\n* two\n\n1. three', 'quoted one two three'],
  ['![logo](http://a.example/x.png) Trees', 'logo Trees'],
  ['[Trees][1] and `code`, ~~old~~\n\n[1]: http://a.example', 'Trees and code, old'],
  ['Trees\n=====\n\n---\n\nA &amp; B \\* c  \nd', 'Trees A & B * c d'],
  ['Before\n\n| a | b |\n|---|:-:|\n| 1 | 2 |\n\nafter', 'Before after'],
  ['Before\na | b\n--|--\n1 | 2\n\nafter', 'Before after'],
  ['<b>Trees</b> [1] 2 * 3 snake_case', '<b>Trees</b> [1] 2 * 3 snake_case'],
  ['```sh\nls\n```\n\ntext', 'ls text'],
  [`**${filled('x', 995)}** end`, `${filled('x', 220)} …`],
  [`Trees [of](http://a.example/${filled('x', 2000)}) more`, 'Trees'],
  [`Trees ![of](http://a.example/${filled('x', 2000)}) more`, 'Trees'],
  [`Trees [![of](${filled('x', 2000)})](http://a.example) more`, 'Trees'],
  [`${filled('word ', 300)}`, `${filled('word ', 219).trim()} …`],
  [`${'😀'.repeat(300)}`, `${'😀'.repeat(220)} …`],
]

for (const [notes, excerpt] of excerpts) {
  test(`the excerpt of ${JSON.stringify(notes.slice(0, 40))} has no Markdown syntax`, () => assert.equal(excerptOf(notes, 220), excerpt))
}
